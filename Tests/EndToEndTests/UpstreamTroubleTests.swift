import Foundation
import Testing

@Suite("An upstream that fails and comes back")
struct UpstreamTroubleTests {
    @Test("its killing makes the state stale, its restart live again, and nobody is disconnected")
    func killAndRestart() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        try await withBridge(pollRoute(upstream)) { bridge in
            let client = try await bridge.version1("/scores/premier")
            let bare = try await bridge.webSocket("/scores/premier")
            let (stream, _) = try await EventStream.open(bridge.url("/scores/premier"))
            _ = try await client.json()
            _ = try await bare.text()
            _ = try await stream.next()
            try await upstream.kill()

            let stale = try await client.json(within: .seconds(6))
            #expect(stale["type"] == "status")
            #expect(stale["topic"] == "/scores/premier")
            #expect(stale["state"] == "stale")
            #expect(stale["code"] == "refused")
            #expect(stale["reason"]?.text?.isEmpty == false)
            let now = Date().timeIntervalSince1970 * 1000
            #expect(stale["since"]?.double.map { abs($0 - now) < 60_000 } == true)
            #expect(stale["next"]?.double.map { $0 >= stale["since"]?.double ?? 0 } == true)
            #expect(try await stream.next()?.name == "status")
            let answer = try await Curl(bridge.url("/scores/premier"))
            #expect(answer.status == 200)
            #expect(answer.text == #"{"a":1}"#)
            #expect(answer["X-Pushbridge-State"] == "stale")
            #expect(answer["Warning"] == nil)

            upstream.answer(.json(#"{"a":2}"#))
            try await upstream.restart()
            // Change and status may come in either order.
            let messages = [try await client.json(), try await client.json()]
            #expect(messages.contains { $0["type"] == "status" && $0["state"] == "live" })
            #expect(messages.contains { $0["data"] == ["a": 2] })
            #expect(try await bare.text() == #"{"a":2}"#)
            #expect(try await Curl(bridge.url("/scores/premier"))["X-Pushbridge-State"] == "live")
        }
    }

    @Test("a subscriber who comes while it is stale is told so, behind the last good document")
    func newcomer() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        try await withBridge(pollRoute(upstream)) { bridge in
            let first = try await bridge.version1("/scores/premier")
            _ = try await first.json()
            upstream.answer(.failure(500))
            #expect(try await first.json()["code"] == 500)
            let second = try await bridge.version1("/scores/premier")
            #expect(try await second.json()["data"] == ["a": 1])
            let status = try await second.json()
            #expect(status["state"] == "stale")
            #expect(status["code"] == 500)
        }
    }

    @Test(
        "each kind of trouble has its code",
        arguments: [
            ("hangs", "timeout"), ("html", "invalid"), ("broken", "invalid"), ("large", "too-large"),
            ("empty", "invalid"),
        ]
    )
    func codes(trouble: String, code: String) async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        try await withBridge(pollRoute(upstream, #""timeout": "2s", "maxBody": "1KiB""#)) { bridge in
            let client = try await bridge.version1("/scores/premier")
            _ = try await client.json()
            switch trouble {
            case "hangs": upstream.answer(.silent)
            case "html": upstream.answer(.json("<!DOCTYPE html><h1>Maintenance</h1>"))
            case "broken": upstream.answer(.json(#"{"a":"#))
            case "large": upstream.answer(.json("[" + String(repeating: "1,", count: 1000) + "1]"))
            default: upstream.answer(.json(""))
            }
            let status = try await client.json()
            #expect(status["type"] == "status")
            #expect(status["state"] == "stale")
            #expect(status["code"] == .string(code))
            // The last good document stays.
            let answer = try await Curl(bridge.url("/scores/premier"))
            #expect(answer.text == #"{"a":1}"#)
            #expect(answer["X-Pushbridge-State"] == "stale")
            upstream.answer(.json(#"{"a":1}"#))
            let live = try await client.json()
            #expect(live["type"] == "status")
            #expect(live["state"] == "live")
        }
    }

    @Test("while it fails it is asked ever less often")
    func backOff() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        try await withBridge(pollRoute(upstream)) { bridge in
            let client = try await bridge.version1("/scores/premier")
            _ = try await client.json()
            upstream.answer(.failure(500))
            _ = try await client.json()
            try await upstream.isAsked(4)
            let times = upstream.requests.suffix(3).map(\.at)
            // After 100 ms come 200, 400 and 800, spread by a fifth.
            #expect(times[2] - times[1] > .milliseconds(250))
        }
    }
}
