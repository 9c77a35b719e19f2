import Foundation
import Testing

/// Every bound here is a least time that the bridge itself must keep, so a busy machine cannot break it.
@Suite("What the bridge spares a backend")
struct PollingRulesTests {
    private func twoRoutes(_ upstream: LegacyUpstream, interval: String = "60s") -> String {
        ["a", "b"].map {
            """
            { "path": "/\($0)/{league}", "poll": { "url": "\(upstream.url("/\($0)/{league}"))",
              "interval": "\(interval)", "timeout": "30s" } }
            """
        }.joined(separator: ",")
    }

    /// Asks for eight topics of two routes at once.
    private func askForEight(_ bridge: BridgeUnderTest) async throws {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<8 {
                let url = bridge.url("/\(number % 2 == 0 ? "a" : "b")/\(number)")
                group.addTask { try await Curl(url).status }
            }
            for try await status in group { #expect(status == 200) }
        }
    }

    @Test("no more requests at once than upstream.connections, over all routes of the host")
    func connections() async throws {
        var slow = LegacyUpstream.Answer.json("[1]")
        slow.delay = .milliseconds(250)
        let upstream = try await LegacyUpstream(slow)
        let settings = #""upstream": { "connections": 2 },"#
        try await withBridge(twoRoutes(upstream), settings: settings) { bridge in
            try await askForEight(bridge)
            let times = upstream.requests.map(\.at)
            #expect(times.count == 8)
            // With two at once, the third begins when one of two before it has been answered.
            for index in 2..<times.count { #expect(times[index] - times[index - 2] >= .milliseconds(245)) }
        }
    }

    @Test("no more requests a second than upstream.requestsPerSecond, over all routes of the host")
    func requestsPerSecond() async throws {
        let upstream = try await LegacyUpstream(.json("[1]"))
        let settings = #""upstream": { "requestsPerSecond": 5 },"#
        try await withBridge(twoRoutes(upstream), settings: settings) { bridge in
            let began = ContinuousClock.now
            try await askForEight(bridge)
            let times = upstream.requests.map(\.at)
            #expect(times.count == 8)
            // One at once, then one in 200 ms: 1.4 s for the rest.
            #expect(times[7] - began >= .milliseconds(1399))
        }
    }

    @Test(
        "Retry-After is waited out, in both its forms, and by a poke too",
        arguments: [
            [("Retry-After", "2")],
            // The upstream's clock may be wrong: its date counts from its own Date.
            [("Date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("Retry-After", "Sun, 06 Nov 1994 08:49:39 GMT")],
        ]
    )
    func retryAfter(headers: [(String, String)]) async throws {
        let upstream = try await LegacyUpstream(.json("[1]"))
        try await withBridge(pollRoute(upstream), settings: AdminListener.setting) { bridge in
            let admin = try await AdminListener(of: bridge)
            let client = try await bridge.version1("/scores/a")
            _ = try await client.json()
            var busy = LegacyUpstream.Answer.failure(503)
            busy.headers = headers
            upstream.answer(busy)
            #expect(try await client.json()["code"] == 503)
            let refused = upstream.requests.count
            upstream.answer(.json("[2]"))
            try await admin.poke("/scores/a")
            #expect(try await client.json()["type"] == "snapshot")
            let times = upstream.requests.map(\.at)
            #expect(times[refused] - times[refused - 1] >= .seconds(2))
        }
    }

    @Test("max-age less Age is how long a fresh answer is not asked for again")
    func maxAge() async throws {
        var fresh = LegacyUpstream.Answer.json("[1]")
        fresh.headers = [("Cache-Control", "public, max-age=7"), ("Age", "5")]
        let upstream = try await LegacyUpstream(fresh)
        try await withBridge(pollRoute(upstream)) { bridge in
            let client = try await bridge.version1("/scores/a")
            _ = try await client.json()
            upstream.answer(.json("[2]"))
            _ = try await client.json()
            let times = upstream.requests.map(\.at)
            #expect(times[1] - times[0] >= .seconds(2))
        }
    }

    @Test("a redirect to another host is trouble, and that host is not asked; one on the same host is followed")
    func redirects() async throws {
        let other = try await LegacyUpstream(.json(#"{"stolen":true}"#))
        let upstream = try await LegacyUpstream { [other] request in
            guard !request.uri.hasPrefix("/here") else { return .json(#"{"found":true}"#) }
            var answer = LegacyUpstream.Answer.failure(302)
            answer.headers = [("Location", request.uri.contains("away") ? other.url("/x") : "/here")]
            return answer
        }
        try await withBridge(pollRoute(upstream, interval: "60s")) { bridge in
            #expect(try await Curl(bridge.url("/scores/near")).text == #"{"found":true}"#)
            let refused = try await Curl(bridge.url("/scores/away"))
            #expect(refused.status == 502)
            #expect(refused.text.contains("redirect"))
            // The log says where to; clients are not told what stands behind the bridge.
            #expect(!refused.text.contains("127.0.0.1"))
            try await bridge.process.says("127.0.0.1:\(other.port)")
            #expect(other.requests.isEmpty)
        }
    }

    @Test("the validator of a body that is no document is forgotten: the next request asks against the last good one")
    func validators() async throws {
        let upstream = try await LegacyUpstream(.json("[1]", etag: "\"good\""))
        try await withBridge(pollRoute(upstream)) { bridge in
            let client = try await bridge.version1("/scores/a")
            _ = try await client.json()
            var broken = LegacyUpstream.Answer.text("<html>Oh no</html>", type: "application/json")
            broken.etag = "\"broken\""
            upstream.answer(broken)
            let status = try await client.json()
            #expect(status["state"] == "stale" && status["code"] == "invalid")
            try await upstream.isAsked(2)
            #expect(upstream.requests.dropFirst().allSatisfy { $0.headers["If-None-Match"] == ["\"good\""] })
        }
    }
}
