import Foundation
import Testing

@Suite("Limits of a route, and on messages")
struct RouteLimitTests {
    private func room(_ path: String, _ options: String) -> String {
        #"{ "path": "\#(path)", "channel": { "echo": true }, \#(options) }"#
    }

    /// The status of a refused upgrade, or 101.
    private func status(_ bridge: BridgeUnderTest, _ path: String) async throws -> Int {
        do {
            try await bridge.webSocket(path).close()
            return 101
        } catch let refusal as WebSocketClient.Refused {
            if refusal.status == 503 { #expect(refusal.headers["retry-after"] != nil) }
            return refusal.status
        }
    }

    @Test("a full route refuses with 503 and Retry-After, and other routes are not full")
    func connections() async throws {
        let routes = [room("/small", #""limits": { "connections": 2 }"#), room("/other", "")]
        try await withBridge(routes.joined(separator: ",")) { bridge in
            let clients = [try await bridge.webSocket("/small"), try await bridge.webSocket("/small")]
            #expect(try await status(bridge, "/small") == 503)
            #expect(try await status(bridge, "/other") == 101)
            for client in clients {
                try client.send("alive")
                #expect(try await client.text() == "alive")
            }
            try clients[0].close()
            try await eventually("a free place") { try await status(bridge, "/small") == 101 }
        }
    }

    @Test("requests count while they are answered: event streams and long polls hold a place, answered ones do not")
    func requests() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        let route = pollRoute(upstream).dropLast() + #", "limits": { "connections": 2 } }"#
        try await withBridge(String(route)) { bridge in
            let url = bridge.url("/scores/a")
            for _ in 0..<4 { #expect(try await Curl(url).status == 200) }
            let (first, _) = try await EventStream.open(url)
            let (second, _) = try await EventStream.open(url)
            let refused = try await Curl(url)
            #expect(refused.status == 503)
            #expect(refused["Retry-After"].flatMap { Int($0) } != nil)
            first.close()
            try await eventually("a free place") { try await Curl(url).status == 200 }
            second.close()
        }
    }

    @Test("access.connectionsPerAddress counts each route for itself, at the top for all and in a route for it")
    func perAddress() async throws {
        let routes = [room("/a", ""), room("/b", ""), room("/c", #""access": { "connectionsPerAddress": 2 }"#)]
        let settings = #""access": { "connectionsPerAddress": 1 },"#
        try await withBridge(routes.joined(separator: ","), settings: settings) { bridge in
            let clients = [
                try await bridge.webSocket("/a"), try await bridge.webSocket("/b"), try await bridge.webSocket("/c"),
            ]
            #expect(try await status(bridge, "/a") == 503)
            #expect(try await status(bridge, "/b") == 503)
            #expect(try await status(bridge, "/c") == 101)
            // The whole 127.0.0.0/8 is this machine.
            let other = try await Curl(bridge.url("/a"), "--interface", "127.0.0.2")
            #expect(other.status == 426)
            for client in clients { try client.close() }
        }
    }

    @Test("more messages than limits.rate close with 1008, on every kind of route")
    func rate() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        let backend = try await TCPBackend(.echo)
        let routes = [
            pollRoute(upstream), tunnelRoute(backend), room("/rooms", ""), #"{ "path": "/connect", "multiplex": {} }"#,
            room("/lively", #""limits": { "rate": "1000/s" }"#),
        ]
        try await withBridge(routes.joined(separator: ","), settings: #""limits": { "rate": "5/h" },"#) { bridge in
            for (path, subprotocols) in [
                ("/scores/a", []), ("/scores/a", ["pushbridge.v1"]), ("/tunnel", []), ("/rooms", []),
                ("/rooms", ["pushbridge.v1"]), ("/connect", ["pushbridge.v1"]),
            ] {
                let client = try await WebSocketClient.open(bridge.webSocketURL(path), subprotocols: subprotocols)
                for _ in 0..<6 { try client.send(#"{"type":"ping"}"#) }
                #expect(try await client.closeCode() == 1008, "\(path) \(subprotocols)")
            }
            let lively = try await bridge.webSocket("/lively")
            for number in 0..<20 {
                try lively.send("\(number)")
                #expect(try await lively.text() == "\(number)")
            }
        }
    }
}
