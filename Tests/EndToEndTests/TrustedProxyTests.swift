import Foundation
import Testing

@Suite("Behind a proxy that is trusted")
struct TrustedProxyTests {
    private let room = #"{ "path": "/rooms/{room}", "channel": {} }"#

    @Test("clients are counted each by the address that the proxy names, and an IPv6 one by its /64")
    func counted() async throws {
        let settings =
            #""trustedProxies": ["127.0.0.1"], "limits": { "connectionsPerAddress": 1 }, "admin": { "port": 0 },"#
        try await withBridge(room, settings: settings) { bridge async throws in
            let admin = try await bridge.admin()
            func open(_ address: String) async throws -> Int {
                do {
                    clients.append(
                        try await WebSocketClient.open(
                            bridge.webSocketURL("/rooms/a"),
                            headers: ["X-Forwarded-For: \(address)"]
                        )
                    )
                    return 101
                } catch let refusal as WebSocketClient.Refused {
                    #expect(refusal.headers["retry-after"] != nil)
                    return refusal.status
                }
            }
            var clients: [WebSocketClient] = []
            #expect(try await open("192.0.2.1") == 101)
            #expect(try await open("192.0.2.1") == 503)
            #expect(try await open("192.0.2.9, 192.0.2.1") == 503)
            #expect(try await open("192.0.2.2") == 101)
            #expect(try await open("2001:db8::1") == 101)
            #expect(try await open("2001:db8::2") == 503)
            #expect(try await open("2001:db8:0:1::1") == 101)
            let connections = try await Curl(admin + "/connections").json().items ?? []
            #expect(
                connections.compactMap { $0["address"]?.text }.sorted() == [
                    "192.0.2.1", "192.0.2.2", "2001:db8:0:1::1", "2001:db8::1",
                ]
            )
            try clients[0].close()
            try await eventually("a place for the address whose client has left") {
                try await open("192.0.2.1") == 101
            }
        }
    }

    @Test("requests of many clients over one connection of the proxy's are each counted while they are answered")
    func keepAlive() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        let settings = #""trustedProxies": ["127.0.0.0/8"], "limits": { "connectionsPerAddress": 1 },"#
        try await withBridge(pollRoute(upstream), settings: settings) { bridge in
            let url = bridge.url("/scores/a")
            let tag = try #require(try await Curl(url)["ETag"])
            func get(_ address: String, _ header: String = "X: y") -> String {
                "GET /scores/a HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: \(address)\r\n\(header)\r\n\r\n"
            }
            let proxy = try await RawConnection.open(port: bridge.port)
            let waiting = try await RawConnection.open(port: bridge.port)
            // A long poll holds its client's place.
            try await waiting.send(get("192.0.2.1", "If-None-Match: \(tag)\r\nPrefer: wait=60"))
            try await eventually("the long poll's place taken") {
                try await Curl(url, "-H", "X-Forwarded-For: 192.0.2.1").status == 503
            }
            for number in 2...4 { try await proxy.send(get("192.0.2.\(number)")) }
            try await proxy.wait(
                until: { String(decoding: $0, as: UTF8.self).components(separatedBy: "200 OK").count == 4 },
                "three answers"
            )
            upstream.answer(.json("2"))
            try await waiting.wait(for: "200 OK")
            #expect(try await Curl(url, "-H", "X-Forwarded-For: 192.0.2.1").status == 200)
        }
    }

    @Test("guesses of passwords from one /64 share one part of the queue")
    func guesses() async throws {
        let folder = try TemporaryFolder()
        // bcrypt at a cost that keeps both threads busy while all of the guesses arrive.
        let users = try folder.write("users", "ada:$2y$13$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2")
        let settings = #""trustedProxies": ["127.0.0.1"], "access": { "basic": "\#(users.path())" },"#
        try await withBridge(room, settings: settings) { bridge in
            var clients: [RawConnection] = []
            for _ in 0..<40 { clients.append(try await RawConnection.open(port: bridge.port)) }
            for (number, client) in clients.enumerated() {
                let guess = Data("ada:\(number)".utf8).base64EncodedString()
                try await client.send(
                    "GET /rooms/a HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 2001:db8::\(number)\r\n"
                        + "Authorization: Basic \(guess)\r\n\r\n"
                )
            }
            var refused = 0
            for client in clients where try await client.wait(for: "\r\n\r\n").contains(" 503 ") { refused += 1 }
            #expect(refused > 0)
        }
    }

    @Test("nobody else is believed, and the bridge believes nobody unless it is told to")
    func strangers() async throws {
        for proxies in [#""trustedProxies": ["10.0.0.0/8", "::1"],"#, ""] {
            let settings = proxies + #""limits": { "connectionsPerAddress": 1 },"#
            try await withBridge(room, settings: settings) { bridge in
                let client = try await bridge.webSocket("/rooms/a")
                let refusal = await #expect(throws: WebSocketClient.Refused.self) {
                    _ = try await WebSocketClient.open(
                        bridge.webSocketURL("/rooms/a"),
                        headers: ["X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.1"]
                    )
                }
                #expect(refusal?.status == 503)
                try client.close()
            }
        }
    }

    @Test("a tunnel's PROXY header names the client that the proxy named")
    func proxyHeader() async throws {
        let backend = try await TCPBackend(.collect(answer: Data()))
        let route = tunnelRoute(backend, #""proxyProtocol": 1"#)
        try await withBridge(route, settings: #""trustedProxies": ["127.0.0.1"],"#) { bridge in
            for (header, line) in [
                ("X-Forwarded-For: 192.0.2.1", "PROXY TCP4 192.0.2.1 127.0.0.1 0 \(bridge.port)\r\n"),
                ("Forwarded: for=\"192.0.2.1:99\"", "PROXY TCP4 192.0.2.1 127.0.0.1 99 \(bridge.port)\r\n"),
                (
                    "X-Forwarded-For: 2001:db8::1",
                    "PROXY TCP6 2001:db8:0:0:0:0:0:1 0:0:0:0:0:ffff:7f00:1 0 \(bridge.port)\r\n"
                ),
            ] {
                let client = try await WebSocketClient.open(bridge.webSocketURL("/tunnel"), headers: [header])
                try await eventually("the header", seen: { "\(backend.connections)" }) {
                    backend.connections.contains { $0.received.starts(with: Data(line.utf8)) }
                }
                try client.close()
            }
        }
    }
}
