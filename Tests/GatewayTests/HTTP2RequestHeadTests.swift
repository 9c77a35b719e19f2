import NIOHPACK
import Testing

@testable import Gateway

@Suite("The head of an HTTP/2 request")
struct HTTP2RequestHeadTests {
    private func head(_ fields: [(String, String)]) -> HTTP2RequestHead { HTTP2RequestHead(HPACKHeaders(fields)) }

    private let get = [(":method", "GET"), (":scheme", "https"), (":path", "/a?b"), (":authority", "example.org")]

    @Test("a good one stays as it is")
    func good() {
        let head = head(get + [("accept", "*/*")])
        #expect(head.problem == nil && head.connectProtocol == nil)
        #expect(head.fields == HPACKHeaders(get + [("accept", "*/*")]))
    }

    @Test("cookies that came one by one become one line, in their order")
    func cookies() {
        let head = head(get + [("cookie", "a=1"), ("accept", "*/*"), ("cookie", "b=2; c=3")])
        #expect(head.fields["cookie"] == ["a=1; b=2; c=3"])
    }

    @Test("the host may be named in either way, and must be the same in both")
    func hosts() {
        let old = head([(":method", "GET"), (":scheme", "https"), (":path", "/"), ("host", "example.org")])
        #expect(old.problem == nil && old.fields[":authority"] == ["example.org"])
        #expect(!old.fields.contains(name: "host"))
        #expect(head(get + [("host", "example.org")]).problem == nil)
        #expect(head(get + [("host", "elsewhere.example")]).problem?.status == .badRequest)
        #expect(head(get + [("host", "example.org"), ("host", "example.org")]).problem?.status == .badRequest)
        let none = head([(":method", "GET"), (":scheme", "https"), (":path", "/")])
        #expect(none.problem?.status == .badRequest && none.fields[":authority"] == [""])
    }

    @Test("a path begins with a slash", arguments: ["", "a", "https://example.org/", "?a"])
    func paths(path: String) {
        let head = head([(":method", "GET"), (":scheme", "https"), (":path", path), (":authority", "a")])
        #expect(head.problem?.status == .badRequest)
    }

    @Test("a CONNECT without :protocol has the other end of its tunnel as target, and that of a WebSocket its path")
    func connect() {
        let plain = head([(":method", "CONNECT"), (":authority", "example.org:443")])
        #expect(plain.problem == nil && plain.connectProtocol == nil)
        #expect(plain.fields[":path"] == ["example.org:443"] && plain.fields[":scheme"] == ["https"])
        let socket = head([
            (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":path", "/rooms/a"),
            (":authority", "example.org"),
        ])
        #expect(socket.problem == nil && socket.connectProtocol == "websocket")
        #expect(socket.fields[":path"] == ["/rooms/a"] && !socket.fields.contains(name: ":protocol"))
    }

    @Test(
        "fields that are too many or too large are 431",
        arguments: [
            (0..<125).map { ("x-\($0)", "y") }, [("x", String(repeating: "y", count: 17_000))],
            (0..<5).map { ("x-\($0)", String(repeating: "y", count: 14_000)) },
        ]
    )
    func large(fields: [(String, String)]) {
        #expect(head(get + fields).problem?.status == .requestHeaderFieldsTooLarge)
        #expect(head(get + fields.dropLast()).problem == nil)
    }
}
