import Foundation
import Testing

func tunnelRoute(_ backend: TCPBackend, _ options: String = "") -> String {
    #"{ "path": "/tunnel", "tunnel": { "to": "\#(backend.address)", \#(options) } }"#
}

@Suite("A tunnel to a TCP service")
struct TunnelTests {
    @Test(
        "random bytes of every size come back unchanged",
        arguments: [
            0, 1, 125, 126, 127, 65_535, 65_536, 1 << 20, 64 << 20,
        ]
    )
    func integrity(size: Int) async throws {
        let backend = try await TCPBackend(.echo)
        try await withBridge(tunnelRoute(backend)) { bridge in
            try await Script("echo.py", [bridge.webSocketURL("/tunnel"), String(size)])
        }
    }

    @Test("64 MiB come back unchanged to a client that reads slowly")
    func slowEcho() async throws {
        let backend = try await TCPBackend(.echo)
        try await withBridge(tunnelRoute(backend)) { bridge in
            try await Script("echo.py", [bridge.webSocketURL("/tunnel"), String(64 << 20), "--slow"])
        }
    }

    @Test("text frames from the client are their UTF-8 bytes, and the answer is binary")
    func text() async throws {
        let backend = try await TCPBackend(.echo)
        try await withBridge(tunnelRoute(backend)) { bridge in
            let client = try await bridge.webSocket("/tunnel")
            try client.send("grüß")
            #expect(try await client.next() == .binary(Data("grüß".utf8)))
        }
    }

    @Test("a message in many fragments with control frames between them arrives as its bytes")
    func fragments() async throws {
        let backend = try await TCPBackend(.echo)
        try await withBridge(tunnelRoute(backend)) { bridge in
            let client = try await RawConnection.open(port: bridge.port)
            try await client.send(RawFrame.handshake("/tunnel"))
            try await client.wait(for: "101 Switching Protocols")
            var bytes = RawFrame.masked(2, Data("one,".utf8), isFinal: false)
            bytes += RawFrame.masked(9, Data("ping".utf8))
            bytes += RawFrame.masked(0, Data("two,".utf8), isFinal: false)
            bytes += RawFrame.masked(0, Data("three".utf8))
            // One byte at a time, as a slow line would bring them.
            for byte in bytes { try await client.send(Data([byte])) }
            let received = try await client.wait(
                until: { data in
                    let frames = RawFrame.framesBehindHead(in: data)
                    return frames.filter { $0.opcode == 2 }.map(\.payload).reduce(Data(), +).count == 13
                }
            )
            let frames = RawFrame.framesBehindHead(in: received)
            #expect(frames.filter { $0.opcode == 2 }.map(\.payload).reduce(Data(), +) == Data("one,two,three".utf8))
            #expect(frames.contains { $0.opcode == 10 && $0.payload == Data("ping".utf8) })
        }
    }

    @Test("subprotocols: the first of the client's that is listed; none asked is fine; others only are refused")
    func subprotocols() async throws {
        let backend = try await TCPBackend(.echo)
        let routes =
            tunnelRoute(backend) + ", "
            + tunnelRoute(backend, #""subprotocols": ["a", "b"]"#).replacing("/tunnel\"", with: "/ab\"")
        try await withBridge(routes) { bridge async throws in
            func chosen(_ path: String, _ offers: [String]) async throws -> String? {
                try await WebSocketClient.open(bridge.webSocketURL(path), subprotocols: offers).subprotocol
            }
            #expect(try await chosen("/tunnel", []) == nil)
            #expect(try await chosen("/tunnel", ["binary"]) == "binary")
            #expect(try await chosen("/ab", ["x", "b", "a"]) == "b")
            let refusal = await #expect(throws: WebSocketClient.Refused.self) { _ = try await chosen("/ab", ["x"]) }
            #expect(refusal?.status == 400)
        }
    }

    @Test("frames: text never cuts inside a character")
    func textFrames() async throws {
        // Cut inside each kind of character: the backend sends single bytes.
        let text = "aé€😀 – ende"
        let backend = try await TCPBackend(.send(text.utf8.map { Data([$0]) }))
        try await withBridge(tunnelRoute(backend, #""frames": "text""#)) { bridge in
            let client = try await bridge.webSocket("/tunnel")
            var received = ""
            while case .text(let part) = try await client.next() {
                // `websockets` itself fails on text that is not UTF-8.
                #expect(!part.contains("\u{FFFD}"))
                received += part
            }
            #expect(received == text)
        }
    }

    @Test("frames: base64 goes both ways")
    func base64() async throws {
        let backend = try await TCPBackend(.echo)
        try await withBridge(tunnelRoute(backend, #""frames": "base64", "subprotocols": ["base64"]"#)) { bridge in
            let client = try await WebSocketClient.open(bridge.webSocketURL("/tunnel"), subprotocols: ["base64"])
            #expect(client.subprotocol == "base64")
            try client.send("AAEC/w==")
            #expect(try await client.text() == "AAEC/w==")
            try client.send("not base64!")
            #expect(try await client.closeCode() == 1007)
        }
    }

    @Test("clientText: reject closes with 1003")
    func clientTextRejected() async throws {
        let backend = try await TCPBackend(.echo)
        try await withBridge(tunnelRoute(backend, #""clientText": "reject""#)) { bridge in
            let client = try await bridge.webSocket("/tunnel")
            try client.send(Data([1]))
            #expect(try await client.next() == .binary(Data([1])))
            try client.send("text")
            #expect(try await client.closeCode() == 1003)
        }
    }

    @Test("a list of backends is tried in turn: one that refuses costs nobody a connection")
    func backendList() async throws {
        let backend = try await TCPBackend(.echo)
        let closed = try await TCPBackend.closedPort()
        let route = #"{ "path": "/tunnel", "tunnel": { "to": ["tcp://127.0.0.1:\#(closed)", "\#(backend.address)"] } }"#
        try await withBridge(route) { bridge in
            for _ in 0..<3 {
                let client = try await bridge.webSocket("/tunnel")
                try client.send(Data([7]))
                #expect(try await client.next() == .binary(Data([7])))
            }
        }
    }

    @Test("a plain GET is 426 and connects no backend")
    func plainRequest() async throws {
        let backend = try await TCPBackend(.echo)
        try await withBridge(tunnelRoute(backend)) { bridge in
            let answer = try await Curl(bridge.url("/tunnel"))
            #expect(answer.status == 426)
            #expect(answer["Upgrade"] == "websocket")
            #expect(backend.connections.isEmpty)
        }
    }
}

@Suite("A tunnel whose backend cannot be had")
struct TunnelConnectTests {
    @Test("refused is 502, before the upgrade is answered")
    func refused() async throws {
        let closed = try await TCPBackend.closedPort()
        try await withBridge(#"{ "path": "/tunnel", "tunnel": { "to": "tcp://127.0.0.1:\#(closed)" } }"#) { bridge in
            let refusal = await #expect(throws: WebSocketClient.Refused.self) {
                _ = try await bridge.webSocket("/tunnel")
            }
            #expect(refusal?.status == 502)
            #expect(refusal?.headers["content-type"] == "application/problem+json")
        }
    }

    @Test("too slow is 504 after connectTimeout")
    func blackhole() async throws {
        let full = try BlackHole()
        let route = #"{ "path": "/tunnel", "tunnel": { "to": "\#(full.address)", "connectTimeout": "300ms" } }"#
        try await withBridge(route) { bridge in
            let refusal = await #expect(throws: WebSocketClient.Refused.self) {
                _ = try await bridge.webSocket("/tunnel")
            }
            #expect(refusal?.status == 504)
        }
    }

    @Test("with connect: after the upgrade is answered, and the failure is close 1014")
    func after() async throws {
        let closed = try await TCPBackend.closedPort()
        let full = try BlackHole()
        let routes =
            #"{ "path": "/a", "tunnel": { "to": "tcp://127.0.0.1:\#(closed)", "connect": "after" } }, "#
            + #"{ "path": "/b", "tunnel": { "to": "\#(full.address)", "connect": "after", "connectTimeout": "300ms" } }"#
        try await withBridge(routes) { bridge in
            for path in ["/a", "/b"] {
                let client = try await bridge.webSocket(path)
                guard case .closed(let code, let reason) = try await client.next() else {
                    Issue.record("no close")
                    continue
                }
                #expect(code == 1014)
                #expect(!reason.isEmpty)
            }
        }
    }

    @Test("with connect: after, what the client sends at once reaches the backend")
    func afterWithEarlyBytes() async throws {
        let backend = try await TCPBackend(.echo)
        try await withBridge(tunnelRoute(backend, #""connect": "after""#)) { bridge in
            let client = try await RawConnection.open(port: bridge.port)
            try await client.send(Data(RawFrame.handshake("/tunnel").utf8) + RawFrame.masked(2, Data("early".utf8)))
            try await client.wait(for: "early")
        }
    }

    @Test("a client that goes away while its backend is being connected leaves nothing behind")
    func abandoned() async throws {
        let full = try BlackHole()
        let route = #"{ "path": "/tunnel", "tunnel": { "to": "\#(full.address)", "connectTimeout": "30s" } }"#
        try await withBridge(route) { bridge in
            let client = try await RawConnection.open(port: bridge.port)
            try await client.send(RawFrame.handshake("/tunnel"))
            try await client.reset()
            // The bridge still answers, and ends in good time.
            #expect(try await Curl(bridge.url("/other")).status == 404)
        }
    }
}
