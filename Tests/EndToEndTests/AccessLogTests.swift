import Foundation
import Testing

@Suite("The access log")
struct AccessLogTests {
    private let room = #"{ "path": "/rooms/{room}", "channel": { "echo": true } }"#

    /// The lines so far that are JSON objects.
    private func lines(_ bridge: BridgeUnderTest) -> [JSON] {
        bridge.process.errors.split(separator: "\n").filter { $0.hasPrefix("{") }.compactMap { try? JSON(String($0)) }
    }

    /// Waits for the first line that is so.
    private func line(_ bridge: BridgeUnderTest, where condition: (JSON) -> Bool) async throws -> JSON {
        try await eventually("a line of the log", seen: { bridge.process.errors }) {
            lines(bridge).first(where: condition)
        }
    }

    @Test("a request has a line at its end: who, what, the answer, bytes and time")
    func requests() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        let settings = #""accessLog": "json", "trustedProxies": ["127.0.0.1"],"#
        try await withBridge(pollRoute(upstream), settings: settings) { bridge in
            let url = bridge.url("/scores/premier?mode=patch")
            _ = try await Curl(url, "-H", "X-Forwarded-For: 192.0.2.1")
            let found = try await line(bridge) { $0["status"] == 200 }
            #expect(found["address"] == "192.0.2.1")
            #expect(found["method"] == "GET")
            #expect(found["target"] == "/scores/premier?mode=patch")
            #expect(found["route"] == "/scores/{league}")
            #expect(found["transport"] == "http")
            #expect(found["received"] == 0 && found["sent"] == 7)
            #expect(try #require(found["ms"]?.double) >= 0)
            #expect(found["time"]?.text?.hasSuffix("Z") == true)
            _ = try await Curl(bridge.url("/none"), "-d", "12345")
            let missing = try await line(bridge) { $0["status"] == 404 }
            #expect(missing["route"] == "-" && missing["received"] == 5 && missing["method"] == "POST")
            let broken = try await RawConnection.open(port: bridge.port)
            try await broken.send("GARBAGE\r\n\r\n")
            _ = try await broken.end()
            let refused = try await line(bridge) { $0["status"] == 400 }
            #expect(refused["method"] == nil && refused["target"] == nil && refused["address"] == "127.0.0.1")
            // One line each: nothing is logged twice.
            #expect(lines(bridge).count == 3)
        }
    }

    @Test("a client that goes away in the middle of its request or answer has a line without a status")
    func abandoned() async throws {
        let upstream = try await LegacyUpstream(.silent)
        try await withBridge(pollRoute(upstream), settings: #""accessLog": "json","#) { bridge in
            let client = try await RawConnection.open(port: bridge.port)
            try await client.send("GET /scores/a HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually("the fetch") { upstream.requests.count == 1 }
            try await client.reset()
            let found = try await line(bridge) { $0["route"] == "/scores/{league}" }
            #expect(found["status"] == nil && found["sent"] == 0)
        }
    }

    @Test("a connection that outlives its request has a line at its own end, with its close code and what ended it")
    func connections() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        let backend = try await TCPBackend(.echo)
        let routes = [room, pollRoute(upstream), tunnelRoute(backend)].joined(separator: ",")
        try await withBridge(routes, settings: #""accessLog": "json", "eventLoops": 1,"#) { bridge in
            let member = try await WebSocketClient.open(bridge.webSocketURL("/rooms/a"), compression: false)
            try member.send("hello")
            #expect(try await member.text() == "hello")
            #expect(lines(bridge).isEmpty)
            try member.close(code: 4001)
            let room = try await line(bridge) { $0["transport"] == "websocket" }
            #expect(room["status"] == 101 && room["close"] == 4001 && room["end"] == "client")
            // "hello" is 11 bytes with a mask and 7 without; the client's close frame with its code is 8.
            #expect(room["received"] == 19 && room["sent"] == 7, "\(room)")
            #expect(room["route"] == "/rooms/{room}" && room["target"] == "/rooms/a")

            let version1 = try await bridge.version1("/scores/a")
            _ = try await version1.json()
            version1.abort()
            let lost = try await line(bridge) { $0["transport"] == "pushbridge.v1" }
            #expect(lost["close"] == 1006 && lost["end"] == "lost")

            let tunnel = try await RawConnection.open(port: bridge.port)
            try await tunnel.send(RawFrame.handshake("/tunnel"))
            try await tunnel.wait(for: RawFrame.accept)
            try await tunnel.send(Data([0x81, 0x01, 0x41]))
            _ = try await tunnel.end()
            let violation = try await line(bridge) { $0["transport"] == "tunnel" }
            #expect(violation["close"] == 1002 && violation["end"] == "violation" && violation["received"] == 3)
            // Of several in "to", the one that was this connection's.
            #expect(violation["backend"] == .string("127.0.0.1:\(backend.port)"))
            #expect(room["backend"] == nil)

            let (stream, _) = try await EventStream.open(bridge.url("/scores/a"))
            _ = try await stream.next()
            stream.close()
            let events = try await line(bridge) { $0["transport"] == "sse" }
            #expect(events["status"] == 200 && events["close"] == nil)
            #expect(try #require(events["sent"]?.double) > 20)
            #expect(lines(bridge).count == 4)
        }
    }

    @Test("no secret is in it, wherever a client carries one", arguments: ["json", "text"])
    func secrets(format: String) async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        let routes = [room, pollRoute(upstream, #""query": ["page", "token"], "forward": ["Cookie"]"#)]
        let settings = #""accessLog": "\#(format)", "logLevel": "trace","#
        try await withBridge(routes.joined(separator: ","), settings: settings) { bridge in
            for path in [
                "/scores/a?access_token=SECRET&page=2", "/scores/a?token=SECRET", "/scores/a?x=SECRET", "/none?SECRET",
                "/rooms/a?jwt=SECRET",
            ] {
                _ = try await Curl(
                    bridge.url(path),
                    "-H",
                    "Authorization: Bearer SECRET",
                    "-H",
                    "Cookie: session=SECRET",
                    "-H",
                    "Referer: http://a/?token=SECRET"
                )
            }
            let client = try await WebSocketClient.open(
                bridge.webSocketURL("/rooms/a?access_token=SECRET"),
                subprotocols: ["pushbridge.v1", "SECRET"]
            )
            try client.close()
            try await eventually("all lines", seen: { bridge.process.errors }) {
                bridge.process.errors.contains("/rooms/a?access_token=***")
                    && bridge.process.errors.contains("/scores/a?access_token=***&page=2")
                    && bridge.process.errors.contains("pushbridge.v1")
            }
            #expect(!bridge.process.errors.contains("SECRET"), "\(bridge.process.errors)")
        }
    }

    @Test("it can be text, which it is where nothing is said, or off")
    func formats() async throws {
        try await withBridge(room) { bridge in
            _ = try await Curl(bridge.url("/none"))
            try await eventually("a line", seen: { bridge.process.errors }) {
                bridge.process.errors.contains(
                    #/time=\S+Z address=127\.0\.0\.1 method=GET target=/none route=- transport=http status=404 /#
                )
            }
        }
        try await withBridge(room, settings: #""accessLog": "off","#) { bridge in
            _ = try await Curl(bridge.url("/none"))
            try await bridge.webSocket("/rooms/a").close()
            bridge.process.signal(SIGTERM)
            try await bridge.process.end()
            #expect(!bridge.process.errors.contains("404") && !bridge.process.errors.contains("address="))
        }
    }
}
