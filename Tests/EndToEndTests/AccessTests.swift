import Foundation
import Testing

@Suite("Which web pages may connect")
struct OriginTests {
    private let access = #""access": { "origins": ["https://app.example"] },"#

    private func status(_ bridge: BridgeUnderTest, _ path: String, origin: String?) async throws -> Int {
        do {
            _ = try await WebSocketClient.open(bridge.webSocketURL(path), origin: origin)
            return 101
        } catch let refusal as WebSocketClient.Refused {
            return refusal.status
        }
    }

    @Test("an upgrade from a page of another site is 403 on every kind of route, and connects nothing")
    func crossSite() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        let backend = try await TCPBackend(.echo)
        let routes =
            [pollRoute(upstream), tunnelRoute(backend)].joined(separator: ",")
            + #", { "path": "/rooms/{room}", "channel": {} }, { "path": "/connect", "multiplex": {} }"#
        try await withBridge(routes) { bridge async throws in
            for path in ["/scores/a", "/tunnel", "/rooms/a", "/connect"] {
                #expect(try await status(bridge, path, origin: "https://evil.example") == 403, "\(path)")
                #expect(try await status(bridge, path, origin: "null") == 403, "\(path)")
                #expect(try await status(bridge, path, origin: "http://127.0.0.1") == 403, "\(path)")
            }
            #expect(upstream.requests.isEmpty)
            #expect(backend.connections.isEmpty)
        }
    }

    @Test("the same origin, a listed one, and a program without one are let in")
    func allowed() async throws {
        try await withBridge(#"{ "path": "/rooms/{room}", "channel": {} }"#, settings: access) { bridge async throws in
            #expect(try await status(bridge, "/rooms/a", origin: nil) == 101)
            #expect(try await status(bridge, "/rooms/a", origin: "http://127.0.0.1:\(bridge.port)") == 101)
            #expect(try await status(bridge, "/rooms/a", origin: "https://app.example") == 101)
            for other in [
                "https://app.example.evil", "http://app.example", "https://app.example:444", "https://sub.app.example",
            ] {
                #expect(try await status(bridge, "/rooms/a", origin: other) == 403, "\(other)")
            }
        }
    }

    @Test("a route's own access wins over the one at the top")
    func routeAccess() async throws {
        let routes =
            #"{ "path": "/open", "channel": {}, "access": { "origins": "*" } }, { "path": "/rooms/{room}", "channel": {} }"#
        try await withBridge(routes, settings: access) { bridge async throws in
            #expect(try await status(bridge, "/open", origin: "https://evil.example") == 101)
            #expect(try await status(bridge, "/rooms/a", origin: "https://evil.example") == 403)
        }
    }

    @Test("a multiplexed subscription is judged by the access of the topic's route")
    func multiplex() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        let routes =
            pollRoute(upstream) + #", { "path": "/connect", "multiplex": {}, "access": { "origins": "*" } }"#
        try await withBridge(routes) { bridge in
            let client = try await WebSocketClient.open(
                bridge.webSocketURL("/connect"),
                subprotocols: ["pushbridge.v1"],
                origin: "https://evil.example"
            )
            try client.send(#"{"type":"subscribe","topic":"/scores/a","ref":1}"#)
            let answer = try await client.json()
            #expect(answer["type"] == "error")
            #expect(answer["code"] == 403)
            #expect(upstream.requests.isEmpty)
        }
    }

    @Test("answers for pages of allowed origins carry CORS headers, and OPTIONS is answered")
    func cors() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        try await withBridge(pollRoute(upstream), settings: access) { bridge in
            let url = bridge.url("/scores/a")
            let allowed = try await Curl(url, "-H", "Origin: https://app.example")
            #expect(allowed["Access-Control-Allow-Origin"] == "https://app.example")
            #expect(allowed["Access-Control-Expose-Headers"]?.contains("ETag") == true)
            #expect(allowed.headers["vary"]?.joined(separator: ",").contains("Origin") == true)
            let other = try await Curl(url, "-H", "Origin: https://evil.example")
            #expect(other["Access-Control-Allow-Origin"] == nil)
            let preflight = try await Curl(
                url,
                "-X",
                "OPTIONS",
                "-H",
                "Origin: https://app.example",
                "-H",
                "Access-Control-Request-Method: GET",
                "-H",
                "Access-Control-Request-Headers: if-none-match"
            )
            #expect((200...204).contains(preflight.status))
            #expect(preflight["Access-Control-Allow-Origin"] == "https://app.example")
            #expect(preflight["Access-Control-Allow-Methods"]?.contains("GET") == true)
            #expect(preflight["Access-Control-Allow-Headers"]?.lowercased().contains("if-none-match") == true)
            let (_, head) = try await EventStream.open(url, "-H", "Origin: https://app.example")
            #expect(head["Access-Control-Allow-Origin"] == "https://app.example")
            #expect(head["Access-Control-Allow-Credentials"] == nil)
        }
    }

    @Test("pages that were named may send the cookies that a route passes on; those of just any site may not")
    func cookies() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        let route = pollRoute(upstream, #""forward": ["Cookie"]"#)
        let page = ["-H", "Origin: https://app.example"]
        try await withBridge(route, settings: access) { bridge in
            let url = bridge.url("/scores/a")
            for arguments in [[], ["-X", "OPTIONS", "-H", "Access-Control-Request-Method: GET"]] {
                let answer = try await Curl(url, arguments: page + arguments)
                #expect(answer["Access-Control-Allow-Origin"] == "https://app.example")
                #expect(answer["Access-Control-Allow-Credentials"] == "true")
            }
            let (_, head) = try await EventStream.open(url, "-H", "Origin: https://app.example")
            #expect(head["Access-Control-Allow-Credentials"] == "true")
            let other = try await Curl(url, "-H", "Origin: https://evil.example")
            #expect(other["Access-Control-Allow-Credentials"] == nil)
        }
        try await withBridge(route, settings: #""access": { "origins": "*" },"#) { bridge in
            let answer = try await Curl(bridge.url("/scores/a"), arguments: page)
            #expect(answer["Access-Control-Allow-Origin"] == "*")
            #expect(answer["Access-Control-Allow-Credentials"] == nil)
        }
    }
}

@Suite("Limits on connections")
struct LimitTests {
    private let route = #"{ "path": "/rooms/{room}", "channel": { "echo": true } }"#

    @Test("past the limit a newcomer gets 503 with Retry-After, and the others live on")
    func connections() async throws {
        try await withBridge(route, settings: #""limits": { "connections": 2 },"#) { bridge in
            let clients = [try await bridge.webSocket("/rooms/a"), try await bridge.webSocket("/rooms/b")]
            let refusal = await #expect(throws: WebSocketClient.Refused.self) {
                _ = try await bridge.webSocket("/rooms/a")
            }
            #expect(refusal?.status == 503)
            #expect(refusal?.headers["retry-after"] != nil)
            let answer = try await Curl(bridge.url("/rooms/a"))
            #expect(answer.status == 503)
            #expect(answer["Retry-After"].flatMap { Int($0) } != nil)
            for client in clients {
                try client.send("alive")
                #expect(try await client.text() == "alive")
            }
            try clients[0].close()
            try await eventually("a free place") { try await Curl(bridge.url("/")).status == 404 }
        }
    }

    @Test("past the limit for one address it is 503 too")
    func perAddress() async throws {
        try await withBridge(route, settings: #""limits": { "connectionsPerAddress": 1 },"#) { bridge in
            let client = try await bridge.webSocket("/rooms/a")
            let answer = try await Curl(bridge.url("/"))
            #expect(answer.status == 503)
            #expect(answer["Retry-After"] != nil)
            // The whole 127.0.0.0/8 is this machine: another address has a place of its own.
            #expect(try await Curl(bridge.url("/"), "--interface", "127.0.0.2").status == 404)
            try client.send("alive")
            #expect(try await client.text() == "alive")
        }
    }

    @Test(
        "a connection without a whole request is closed after handshakeTimeout",
        arguments: [
            "", "GET / HTTP/1.1\r\nHost: a\r\n",
        ]
    )
    func handshakeTimeout(start: String) async throws {
        try await withBridge(route, settings: #""limits": { "handshakeTimeout": "500ms" },"#) { bridge in
            let begin = ContinuousClock.now
            let client = try await RawConnection.open(port: bridge.port)
            if !start.isEmpty { try await client.send(start) }
            _ = try await client.end()
            #expect(ContinuousClock.now - begin < .seconds(10))
            #expect(ContinuousClock.now - begin > .milliseconds(350))
        }
    }

    @Test("a connection that is kept alive is closed after the time for idle connections")
    func idleKeepAlive() async throws {
        let settings = #""keepAlive": { "ping": "300ms", "timeout": "600ms" },"#
        try await withBridge(route, settings: settings) { bridge in
            let client = try await RawConnection.open(port: bridge.port)
            let begin = ContinuousClock.now
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            let answer = try await client.end(within: .seconds(15))
            #expect(String(decoding: answer, as: UTF8.self).hasPrefix("HTTP/1.1 404 "))
            #expect(ContinuousClock.now - begin > .milliseconds(450))
        }
    }

    @Test("a client that sends its request too slowly is closed too")
    func slowRequest() async throws {
        try await withBridge(route, settings: #""limits": { "handshakeTimeout": "1s" },"#) { bridge in
            let client = try await RawConnection.open(port: bridge.port)
            let begin = ContinuousClock.now
            try await eventually("the end", within: .seconds(15)) {
                try? await client.send("X")
                try await Task.sleep(for: .milliseconds(100))
                return try await client.hasEnded()
            }
            #expect(ContinuousClock.now - begin < .seconds(10))
        }
    }

    @Test("a WebSocket is not bound by handshakeTimeout")
    func openSocket() async throws {
        try await withBridge(route, settings: #""limits": { "handshakeTimeout": "2s" },"#) { bridge in
            let client = try await bridge.webSocket("/rooms/a")
            try await Task.sleep(for: .milliseconds(2500))
            try client.send("alive")
            #expect(try await client.text() == "alive")
        }
    }

    @Test("a client that answers no pings is closed, and one that does lives on")
    func keepAlive() async throws {
        let settings = #""keepAlive": { "ping": "500ms", "timeout": "4s" },"#
        try await withBridge(route, settings: settings) { bridge in
            let dead = try await RawConnection.open(port: bridge.port)
            try await dead.send(RawFrame.handshake("/rooms/a"))
            // `websockets` answers pings by itself.
            let alive = try await bridge.webSocket("/rooms/b")
            let received = try await dead.end(within: .seconds(15))
            #expect(RawFrame.framesBehindHead(in: received).contains { $0.opcode == 9 })
            try alive.send("alive")
            #expect(try await alive.text() == "alive")
        }
    }

    @Test("requests with absurd heads are refused with their status")
    func absurdRequests() async throws {
        try await withBridge(route) { bridge in
            let long = String(repeating: "a", count: 100_000)
            let field = try await Curl(bridge.url("/"), "-H", "X-Long: \(long)")
            #expect(field.status == 431)
            let many = try await Curl(bridge.url("/"), arguments: (0..<300).flatMap { ["-H", "X-\($0): 1"] })
            #expect(many.status == 431)
            for request in [
                "GARBAGE\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n", "GET nopath HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            ] {
                let client = try await RawConnection.open(port: bridge.port)
                try await client.send(request)
                try await client.wait(for: "HTTP/1.1 400 ")
                await client.close()
            }
        }
    }
}
