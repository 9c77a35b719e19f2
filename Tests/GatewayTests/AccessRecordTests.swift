import Foundation
import NIOCore
import Testing

@testable import Gateway

@Suite("A line of the access log") struct AccessRecordTests {
    private func record(target: String?, address: String? = "192.0.2.1") -> AccessRecord {
        AccessRecord(
            ConnectionInfo(
                route: "/scores/{league}",
                transport: .http,
                address: address,
                target: target,
                beganAt: .uptimeNanoseconds(1_000_000)
            ),
            ConnectionEnd(status: 200, received: 1, sent: 23),
            at: .uptimeNanoseconds(46_000_000)
        )
    }

    private func line(_ record: AccessRecord, _ format: AccessLog.Format) -> String {
        String(buffer: record.line(format, at: Date(timeIntervalSince1970: 1.5)))
    }

    @Test("text is pairs of names and values")
    func text() {
        #expect(
            line(record(target: "/scores/a?mode=patch"), .text)
                == "time=1970-01-01T00:00:01.500Z address=192.0.2.1 method=GET target=/scores/a?mode=patch "
                + "route=/scores/{league} transport=http status=200 received=1 sent=23 ms=45\n"
        )
    }

    @Test("json is one object")
    func json() {
        #expect(
            line(record(target: nil, address: nil), .json)
                == #"{"time":"1970-01-01T00:00:01.500Z","address":"-","method":"GET","#
                + #""route":"/scores/{league}","transport":"http","status":200,"received":1,"sent":23,"ms":45}"#
                + "\n"
        )
    }

    @Test("nothing that a client chose begins a line or a field of its own", arguments: [AccessLog.Format.json, .text])
    func injection(format: AccessLog.Format) {
        let text = line(record(target: "/a\nstatus=500 x=\"\u{7F}\u{1B}[31m"), format)
        #expect(text.filter { $0 == "\n" }.count == 1)
        #expect(!text.contains("\u{1B}"))
        #expect(!text.contains(" status=500 "))
    }

    @Test(
        "values of a query are shown for what the bridge or the route knows, unless the name says that it is a secret",
        arguments: [
            ("/a", "/a"), ("/a?mode=patch&since=V", "/a?mode=patch&since=V"),
            ("/a?access_token=S", "/a?access_token=***"),
            ("/a?x=S&page=2", "/a?x=***&page=2"), ("/a?apiKey=S", "/a?apiKey=***"), ("/a?S", "/a?***"),
            ("/a?S=", "/a?***"),
            ("/a?mode=a%20b&mode=%0a", "/a?mode=a%20b&mode=%0A"), ("/a?last_event_id=1", "/a?last_event_id=1"),
        ]
    )
    func masked(target: String, shown: String) throws {
        let target = try #require(RequestTarget(target))
        #expect(target.masked(knownParameters: ["page", "apiKey"]) == shown)
    }
}
