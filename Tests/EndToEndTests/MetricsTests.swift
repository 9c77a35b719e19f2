import Foundation
import Testing

@Suite("Each metric says what really happened")
struct MetricsTests {
    private let scores = #"route="/scores/{league}""#

    /// Something that is counted for each subscriber: three on one topic of a route, polled only when poked.
    private func withThree(
        _ upstream: LegacyUpstream,
        _ body: (AdminListener, [WebSocketClient]) async throws -> Void
    ) async throws {
        try await withBridge(pollRoute(upstream, interval: "60s"), settings: AdminListener.setting) { bridge in
            let admin = try await AdminListener(of: bridge)
            var clients: [WebSocketClient] = []
            for _ in 0..<3 { clients.append(try await bridge.version1("/scores/a")) }
            for client in clients { #expect(try await client.json()["type"] == "snapshot") }
            try await body(admin, clients)
        }
    }

    @Test("connections by route and transport go up and come down; connections_total only goes up")
    func connections() async throws {
        let upstream = try await LegacyUpstream(.json("[1]"))
        let backend = try await TCPBackend(.echo)
        let routes =
            pollRoute(upstream) + """
                , { "path": "/tunnel", "tunnel": { "to": "\(backend.address)" } },
                { "path": "/room", "channel": {} }, { "path": "/connect", "multiplex": {} }
                """
        try await withBridge(routes, settings: AdminListener.setting) { bridge in
            let admin = try await AdminListener(of: bridge)
            let before = try await admin.metrics()["connections_total"] ?? 0
            let clients = [
                try await bridge.version1("/scores/a"), try await bridge.version1("/scores/b"),
                try await bridge.webSocket("/scores/a"), try await bridge.webSocket("/tunnel"),
                try await bridge.webSocket("/room"), try await bridge.version1("/connect"),
            ]
            let (stream, _) = try await EventStream.open(bridge.url("/scores/a"))
            _ = try await stream.next()
            let open = [
                #"connections{\#(scores),transport="pushbridge.v1"}"#: 2.0,
                #"connections{\#(scores),transport="websocket"}"#: 1,
                #"connections{\#(scores),transport="sse"}"#: 1,
                #"connections{route="/tunnel",transport="tunnel"}"#: 1,
                #"connections{route="/room",transport="websocket"}"#: 1,
                #"connections{route="/connect",transport="pushbridge.v1"}"#: 1,
            ]
            for (name, count) in open { try await admin.awaits(name, count) }
            #expect(try await admin.metrics()["connections_total"] == before + 7)
            for client in clients { try client.close() }
            for client in clients { _ = try await client.closeCode() }
            stream.close()
            for name in open.keys { try await admin.awaits(name, 0) }
            #expect(try await admin.metrics()["connections_total"] == before + 7)
        }
    }

    @Test("handshakes_rejected_total says why: a broken handshake, a foreign page, no place left")
    func rejections() async throws {
        let upstream = try await LegacyUpstream(.json("[1]"))
        let limits = #""limits": { "connections": 2 },"#
        try await withBridge(pollRoute(upstream), settings: AdminListener.setting + limits) { bridge in
            let admin = try await AdminListener(of: bridge)
            let url = bridge.url("/scores/a")
            let upgrade = ["-H", "Connection: Upgrade", "-H", "Upgrade: websocket"]
            #expect(try await Curl(url, arguments: upgrade + ["-H", "Sec-WebSocket-Version: 8"]).status == 426)
            try await admin.awaits(#"handshakes_rejected_total{reason="handshake"}"#, 1)
            await #expect(throws: WebSocketClient.Refused.self) {
                _ = try await WebSocketClient.open(bridge.webSocketURL("/scores/a"), origin: "https://evil.example")
            }
            try await admin.awaits(#"handshakes_rejected_total{reason="origin"}"#, 1)
            let clients = [try await bridge.version1("/scores/a"), try await bridge.version1("/scores/a")]
            #expect(try await Curl(url).status == 503)
            try await admin.awaits(#"handshakes_rejected_total{reason="limit"}"#, 1)
            for client in clients { #expect(try await client.json()["type"] == "snapshot") }
        }
    }

    @Test("topics and subscribers are what there is now, multiplexed subscriptions too")
    func topicsAndSubscribers() async throws {
        let upstream = try await LegacyUpstream(.json("[1]"))
        let routes = pollRoute(upstream, #""linger": "0s""#) + #", { "path": "/connect", "multiplex": {} }"#
        try await withBridge(routes, settings: AdminListener.setting) { bridge in
            let admin = try await AdminListener(of: bridge)
            let single = try await bridge.version1("/scores/a")
            let many = try await bridge.version1("/connect")
            for topic in ["a", "b"] { try many.send(#"{"type":"subscribe","topic":"/scores/\#(topic)"}"#) }
            try await admin.awaits("subscribers{\(scores)}", 3)
            try await admin.awaits("topics{\(scores)}", 2)
            try many.send(#"{"type":"unsubscribe","topic":"/scores/b"}"#)
            try await admin.awaits("topics{\(scores)}", 1)
            try await admin.awaits("subscribers{\(scores)}", 2)
            for client in [single, many] { try client.close() }
            try await admin.awaits("subscribers{\(scores)}", 0)
            try await admin.awaits("topics{\(scores)}", 0)
        }
    }

    @Test("polls_saved_total is what the subscribers did not have to ask, whatever came of the poll")
    func pollsSaved() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 0), etag: "\"e\""))
        try await withThree(upstream) { admin, _ in
            let name = "polls_saved_total{\(scores)}"
            let before = try await admin.metrics()[name] ?? 0
            let answers: [LegacyUpstream.Answer] = [
                .json(scoreboard(goals: 0), etag: "\"e\""), .json(scoreboard(goals: 1)), .json(scoreboard(goals: 1)),
                .text("<html>", type: "application/json"), .failure(503),
            ]
            for (number, answer) in answers.enumerated() {
                upstream.answer(answer)
                try await admin.poke("/scores/a")
                // Three asked through one: two less.
                try await admin.awaits(name, before + 2 * Double(number + 1))
            }
        }
    }

    @Test("upstream_bytes_total is what came from the upstream, heads included; poll_duration_seconds how long it took")
    func upstreamBytes() async throws {
        var answer = LegacyUpstream.Answer.text(String(repeating: "x", count: 100_000))
        answer.delay = .milliseconds(300)
        let upstream = try await LegacyUpstream(answer)
        try await withBridge(pollRoute(upstream, interval: "60s"), settings: AdminListener.setting) { bridge in
            let admin = try await AdminListener(of: bridge)
            #expect(try await admin.metrics()["upstream_bytes_total"] == 0)
            #expect(try await Curl(bridge.url("/scores/a")).body.count == 100_000)
            let samples = try await admin.metrics()
            let bytes = try #require(samples["upstream_bytes_total"])
            #expect(bytes > 100_000 && bytes < 101_000)
            #expect(samples["poll_duration_seconds_count"] == 1)
            let seconds = try #require(samples["poll_duration_seconds_sum"])
            #expect(seconds >= 0.29)
            #expect(samples[#"poll_duration_seconds_bucket{le="0.25"}"#] == 0)
            #expect(samples[#"poll_duration_seconds_bucket{le="+Inf"}"#] == 1)
        }
    }

    @Test("deliveries_total by kind is what each subscriber was written, and delivered_bytes_total its bytes")
    func deliveries() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 0)))
        try await withThree(upstream) { admin, clients in
            func count(_ kind: String) -> String { #"deliveries_total{\#(scores),kind="\#(kind)"}"# }
            try await admin.awaits(count("snapshot"), 3)
            let before = try await admin.metrics()["delivered_bytes_total{\(scores)}"] ?? 0
            upstream.answer(.json(scoreboard(goals: 1)))
            try await admin.poke("/scores/a")
            for client in clients { #expect(try await client.json()["type"] == "patch") }
            try await admin.awaits(count("patch"), 3)
            // Three patches of two hundred bytes each, and not three documents of two thousand.
            let bytes = try await admin.metrics()["delivered_bytes_total{\(scores)}"] ?? 0
            #expect(bytes - before > 300 && bytes - before < 1500, "\(bytes - before)")
            upstream.answer(.failure(500))
            try await admin.poke("/scores/a")
            for client in clients { #expect(try await client.json()["type"] == "status") }
            try await admin.awaits(count("status"), 3)
            #expect(try await admin.metrics()[count("patch")] == 3)
        }
    }

    @Test("the other kinds: merge, event, current, error")
    func otherKinds() async throws {
        let upstream = try await LegacyUpstream { request in
            request.uri.contains("broken") ? .failure(500) : .json(#"{"items":[{"id":1,"n":"\#(longText)"}]}"#)
        }
        let route = pollRoute(upstream, interval: "60s", #""keys": { "/items": "id" }"#)
        try await withBridge(route, settings: AdminListener.setting) { bridge in
            let admin = try await AdminListener(of: bridge)
            func count(_ kind: String) -> String { #"deliveries_total{\#(scores),kind="\#(kind)"}"# }
            let merge = try await bridge.version1("/scores/a?mode=merge")
            let events = try await bridge.version1("/scores/a?mode=events")
            let version = try #require(try await merge.json()["id"]?.text)
            #expect(try await events.json()["type"] == "snapshot")
            let current = try await bridge.version1("/scores/a?since=\(version)")
            #expect(try await current.json()["type"] == "current")
            let broken = try await bridge.version1("/scores/broken")
            #expect(try await broken.json()["type"] == "error")
            upstream.answer(.json(#"{"items":[{"id":1,"n":"\#(longText)"}],"x":1}"#))
            try await admin.poke("/scores/a")
            #expect(try await merge.json()["type"] == "merge")
            upstream.answer(.json(#"{"items":[{"id":1,"n":"\#(longText)"},{"id":2},{"id":3}],"x":1}"#))
            try await admin.poke("/scores/a")
            // Two items were added: two messages in one write.
            for _ in 0..<2 { #expect(try await events.json()["type"] == "event") }
            try await admin.awaits(count("event"), 2)
            #expect(try await merge.json()["type"] == "merge")
            try await admin.awaits(count("merge"), 2)
            for kind in ["current", "error"] { try await admin.awaits(count(kind), 1) }
        }
    }

    private let longText = String(repeating: "a long text that does not change ", count: 20)

    @Test("push_latency_seconds has one observation for each change written to a subscriber")
    func pushLatency() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 0)))
        try await withThree(upstream) { admin, clients in
            let before = try await admin.metrics()["push_latency_seconds_count"] ?? 0
            for goals in 1...4 {
                upstream.answer(.json(scoreboard(goals: goals)))
                try await admin.poke("/scores/a")
                for client in clients { #expect(try await client.json()["type"] == "patch") }
            }
            try await admin.awaits("push_latency_seconds_count", before + 12)
            let samples = try await admin.metrics()
            #expect(samples[#"push_latency_seconds_bucket{le="+Inf"}"#] == before + 12)
            let sum = try #require(samples["push_latency_seconds_sum"])
            #expect(sum > 0 && sum < 12 * 30)
            // A poll that brings nothing new is no observation.
            try await admin.poke("/scores/a")
            try await admin.awaits(#"polls_total{\#(scores),result="unchanged"}"#, 1)
            #expect(try await admin.metrics()["push_latency_seconds_count"] == before + 12)
        }
    }

    @Test("conflated_total counts the versions that a subscriber never saw because a newer one overtook them")
    func conflated() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 0)))
        let routes = pollRoute(upstream, interval: "60s") + #", { "path": "/connect", "multiplex": {} }"#
        try await withBridge(routes, settings: AdminListener.setting) { bridge in
            let admin = try await AdminListener(of: bridge)
            let quick = try await bridge.version1("/scores/a")
            #expect(try await quick.json()["type"] == "snapshot")
            let slow = try await bridge.version1("/connect")
            // One message in a thousand seconds: the document now, and nothing else in this test.
            try slow.send(#"{"type":"subscribe","topic":"/scores/a","maxRate":0.001}"#)
            #expect(try await slow.json()["type"] == "snapshot")
            for goals in 1...5 {
                upstream.answer(.json(scoreboard(goals: goals)))
                try await admin.poke("/scores/a")
                #expect(try await quick.json()["type"] == "patch")
            }
            // Five came; the fifth may still be delivered, the four before it never will be.
            try await admin.awaits("conflated_total{\(scores)}", 4)
        }
    }

    @Test("tunnel_bytes_total counts each direction, tunnel_connect_failures_total each way to fail")
    func tunnels() async throws {
        let backend = try await TCPBackend(.collect(answer: Data(repeating: 1, count: 777)))
        let closed = try await TCPBackend.closedPort()
        let routes = """
            { "path": "/tunnel", "tunnel": { "to": "\(backend.address)" } },
            { "path": "/dead", "tunnel": { "to": "tcp://127.0.0.1:\(closed)" } },
            { "path": "/nowhere", "tunnel": { "to": "tcp://nonexistent.invalid:1" } }
            """
        try await withBridge(routes, settings: AdminListener.setting) { bridge in
            let admin = try await AdminListener(of: bridge)
            let client = try await bridge.webSocket("/tunnel")
            try client.send(Data(repeating: 2, count: 100_000))
            try await admin.awaits(#"tunnel_bytes_total{route="/tunnel",direction="to_backend"}"#, 100_000)
            #expect(try await admin.metrics()[#"tunnel_bytes_total{route="/tunnel",direction="to_client"}"#] == 0)
            try client.close()
            _ = try await backend.first("the client's end") { $0.sawEnd }
            for (path, reason) in [("/dead", "refused"), ("/nowhere", "unresolved")] {
                let refusal = await #expect(throws: WebSocketClient.Refused.self) {
                    _ = try await bridge.webSocket(path)
                }
                #expect(refusal?.status == 502)
                try await admin.awaits(#"tunnel_connect_failures_total{route="\#(path)",reason="\#(reason)"}"#, 1)
            }
        }
    }

    @Test(
        "/topics: version, bytes, age, interval in force, last result, state with its reason, subscribers, bytes saved"
    )
    func topicFields() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 0)))
        let route = """
            { "path": "/scores/{league}", "poll": { "url": "\(upstream.url("/l?league={league}"))",
              "interval": { "min": "200ms", "max": "60s" } } }
            """
        try await withBridge(route, settings: AdminListener.setting) { bridge in
            let admin = try await AdminListener(of: bridge)
            let clients = [try await bridge.version1("/scores/a"), try await bridge.version1("/scores/a")]
            for client in clients { _ = try await client.json() }
            let first = try #require(try await admin.topic("/scores/a"))
            let bytes = scoreboard(goals: 0).utf8.count
            #expect(first["route"] == "/scores/{league}")
            #expect(first["version"] == .string(versionID(of: scoreboard(goals: 0))))
            #expect(first["bytes"] == .number(Double(bytes)))
            #expect(first["subscribers"] == 2)
            #expect(first["state"] == "live" && first["reason"] == nil)
            // Nothing changes: the interval grows, and each poll saves one body.
            let start = try #require(first["interval"]?.double)
            try await eventually("a longer interval") {
                try await admin.topic("/scores/a")?["interval"]?.double ?? 0 > max(start, 200)
            }
            try await eventually("saved bytes") {
                let topic = try await admin.topic("/scores/a")
                return topic?["lastResult"] == "unchanged" && topic?["bytesSaved"]?.double ?? 0 >= Double(bytes)
            }
            upstream.answer(.failure(503))
            try await admin.poke("/scores/a")
            for client in clients { _ = try await client.json() }
            let stale = try #require(try await admin.topic("/scores/a"))
            #expect(stale["state"] == "stale" && stale["lastResult"] == "error")
            #expect(stale["reason"]?.text?.contains("503") == true)
            #expect(stale["version"] == first["version"])
            // Its age grows while nobody confirms it.
            let age = try #require(stale["age"]?.double)
            try await eventually("a greater age") {
                try await admin.topic("/scores/a")?["age"]?.double ?? 0 > age + 100
            }
        }
    }
}
