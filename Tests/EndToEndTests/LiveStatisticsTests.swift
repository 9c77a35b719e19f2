import Foundation
import Testing

@Suite("The bridge's own numbers, pushed")
struct LiveStatisticsTests {
    private let settings = #""admin": { "host": "127.0.0.1", "port": 0 },"#

    @Test("GET /stats tells of connections, topics, savings and latency")
    func document() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 0)))
        try await withBridge(pollRoute(upstream, interval: "60s"), settings: settings) { bridge in
            let admin = try await bridge.admin()
            let clients = [try await bridge.version1("/scores/a"), try await bridge.version1("/scores/a")]
            for client in clients { _ = try await client.json() }
            upstream.answer(.json(scoreboard(goals: 1)))
            #expect(try await Curl(admin + "/poke?topic=/scores/a", "-X", "POST").status == 202)
            for client in clients { #expect(try await client.json()["type"] == "patch") }
            let stats = try await eventually("the deliveries") {
                let stats = try await Curl(admin + "/stats").json()
                return stats["totals"]?["deliveries"]?.double == 4 ? stats : nil
            }
            #expect(stats["isReady"] == true)
            #expect(stats["connections"] == [["route": "/scores/{league}", "transport": "pushbridge.v1", "open": 2]])
            #expect(stats["totals"]?["polls"] == 2)
            #expect(stats["totals"]?["pollsSaved"]?.double ?? 0 > 0)
            #expect(stats["totals"]?["upstreamBytesSaved"]?.double ?? 0 >= Double(scoreboard(goals: 1).utf8.count))
            #expect(stats["pushLatency"]?["counts"]?.items?.compactMap(\.double).reduce(0, +) == 2)
            let p50 = try #require(stats["pushLatency"]?["p50"]?.double)
            #expect(p50 > 0 && p50 <= stats["pushLatency"]?["p99"]?.double ?? 0)
            #expect(stats["topics"]?["count"] == 1)
            let topic = try #require(stats["topics"]?["items"]?[0])
            #expect(topic["topic"] == "/scores/a" && topic["state"] == "live" && topic["subscribers"] == 2)
            #expect(topic["lastPatchBytes"]?.double ?? 0 > 0)
            #expect(topic["changedAt"]?.double ?? 0 >= stats["started"]?.double ?? .infinity)
        }
    }

    @Test("/live sends the document, then patches from version to version")
    func live() async throws {
        let upstream = try await LegacyUpstream(.json("[1]"))
        try await withBridge(pollRoute(upstream, interval: "60s"), settings: settings) { bridge in
            let admin = try await bridge.admin()
            let url = admin.replacing("http://", with: "ws://") + "/live"
            let client = try await WebSocketClient.open(url, subprotocols: ["pushbridge.v1"])
            let snapshot = try await client.json()
            #expect(snapshot["type"] == "snapshot" && snapshot["topic"] == "/stats")
            #expect(snapshot["data"]?["totals"]?["deliveries"] == 0)
            let subscriber = try await bridge.version1("/scores/a")
            _ = try await subscriber.json()
            var version = snapshot["id"]
            var tellsOfDelivery = false
            // One comes each second, for the time of the look at least.
            for _ in 1...30 where !tellsOfDelivery {
                let patch = try await client.json()
                try #require(patch["type"] == "patch" && patch["from"] == version)
                version = patch["id"]
                tellsOfDelivery =
                    patch["patch"]?.items?.contains { $0["path"]?.text?.hasPrefix("/totals") == true } == true
            }
            #expect(tellsOfDelivery)
            #expect(try await Curl(admin + "/topics").json()[0]?["topic"] == "/scores/a", "and no topic of its own")
        }
    }

    @Test("each open tunnel is told of with its backend and its bytes")
    func tunnels() async throws {
        let backend = try await TCPBackend(.echo)
        try await withBridge(tunnelRoute(backend), settings: settings) { bridge in
            let admin = try await bridge.admin()
            let client = try await bridge.webSocket("/tunnel")
            try client.send("12345")
            #expect(try await client.next() == .binary(Data("12345".utf8)))
            let stats = try await eventually("the tunnel") {
                let stats = try await Curl(admin + "/stats").json()
                return stats["tunnels"]?["items"]?[0]?["bytesToClient"] == 5 ? stats : nil
            }
            let tunnel = try #require(stats["tunnels"]?["items"]?[0])
            #expect(tunnel["bytesToBackend"] == 5)
            #expect(tunnel["backend"]?.text == backend.address.replacing("tcp://", with: ""))
            #expect(tunnel["address"] == "127.0.0.1" && tunnel["route"] == "/tunnel")
            #expect(stats["tunnelRoutes"]?[0]?["bytesToClient"] == 5)
            client.abort()
            try await eventually("its end") {
                try await Curl(admin + "/stats").json()["tunnels"]?["count"] == 0
            }
        }
    }

    @Test("pages of another origin neither see it nor change anything")
    func otherOrigin() async throws {
        try await withBridge(#"{ "path": "/rooms/{room}", "channel": {} }"#, settings: settings) { bridge in
            let admin = try await bridge.admin()
            let url = admin.replacing("http://", with: "ws://") + "/live"
            let refused = await #expect(throws: WebSocketClient.Refused.self) {
                try await WebSocketClient.open(url, origin: "http://elsewhere.example")
            }
            #expect(refused?.status == 403)
            _ = try await WebSocketClient.open(url, origin: admin)
            let post = ["-X", "POST", "-H", "Origin: http://elsewhere.example"]
            #expect(try await Curl(admin + "/reload", arguments: post).status == 403)
            #expect(try await Curl(admin + "/reload", "-X", "POST", "-H", "Origin: \(admin)").status == 200)
            let stats = try await Curl(admin + "/stats", "-H", "Origin: http://elsewhere.example")
            #expect(stats["Access-Control-Allow-Origin"] == nil)
        }
    }
}
