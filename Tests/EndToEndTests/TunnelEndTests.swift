import Foundation
import Testing

@Suite("Whoever has been told to go reaches nobody any more")
struct AfterTheCloseTests {
    @Test("what a client sends behind text that a tunnel takes none of stays out")
    func rejectedText() async throws {
        let backend = try await TCPBackend(.collect(answer: Data()))
        try await withBridge(tunnelRoute(backend, #""clientText": "reject""#)) { bridge in
            let client = try await RawConnection.open(port: bridge.port)
            try await client.send(RawFrame.handshake("/tunnel"))
            try await client.wait(for: RawFrame.accept)
            try await client.send(
                RawFrame.masked(2, Data("A".utf8)) + RawFrame.text("B") + RawFrame.masked(2, Data("C".utf8))
            )
            try await client.wait(until: { RawFrame.framesBehindHead(in: $0).last?.opcode == 8 }, "the close")
            try await client.send(RawFrame.masked(2, Data("D".utf8)) + RawFrame.close(1003))
            let received = try await client.end()
            #expect(RawFrame.framesBehindHead(in: received).last?.payload.prefix(2) == Data([0x03, 0xEB]))
            #expect(try await backend.first("the end") { $0.sawEnd }.received == Data("A".utf8))
        }
    }

    @Test("what a client sends behind a message that is not base64 stays out")
    func badBase64() async throws {
        let backend = try await TCPBackend(.collect(answer: Data()))
        try await withBridge(tunnelRoute(backend, #""frames": "base64""#)) { bridge in
            let client = try await RawConnection.open(port: bridge.port)
            try await client.send(RawFrame.handshake("/tunnel"))
            try await client.wait(for: RawFrame.accept)
            try await client.send(RawFrame.text("QQ==") + RawFrame.text("%") + RawFrame.text("Qw=="))
            try await client.wait(until: { RawFrame.framesBehindHead(in: $0).last?.opcode == 8 }, "the close")
            try await client.send(RawFrame.text("RA==") + RawFrame.close(1007))
            _ = try await client.end()
            #expect(try await backend.first("the end") { $0.sawEnd }.received == Data("A".utf8))
        }
    }

    @Test("a client whose token has expired writes to no backend and to no room")
    func expired() async throws {
        let backend = try await TCPBackend(.collect(answer: Data()))
        let routes = tunnelRoute(backend) + #", { "path": "/rooms/{room}", "channel": {} }"#
        let rules = #""access": { "jwt": { "hs256": "\#(TokenIssuer.secret)" } },"#
        try await withBridge(routes, settings: rules) { bridge async throws in
            let witness = try await bridge.version1(
                "/rooms/a",
                headers: ["Authorization: Bearer \(TokenIssuer.shared("{}"))"]
            )
            let header = "Authorization: Bearer \(TokenIssuer.shared(user: "ada", seconds: 12))"
            var clients: [RawConnection] = []
            for (path, more) in [("/tunnel", "X-A: b"), ("/rooms/a", "X-A: b"), ("/rooms/a", version1)] {
                let client = try await RawConnection.open(port: bridge.port)
                try await client.send(RawFrame.handshake(path, header, more))
                try await client.wait(for: RawFrame.accept)
                clients.append(client)
            }
            try await clients[0].send(RawFrame.masked(2, Data("early".utf8)))
            for client in clients {
                let bytes = try await client.wait(until: { RawFrame.framesBehindHead(in: $0).last?.opcode == 8 })
                #expect(RawFrame.framesBehindHead(in: bytes).last?.payload.prefix(2) == Data([0x03, 0xF0]))
            }
            // They ignore the close and go on, and only then answer it.
            try await clients[0].send(RawFrame.masked(2, Data("late".utf8)) + RawFrame.close(1008))
            try await clients[1].send(RawFrame.text("late") + RawFrame.close(1008))
            try await clients[2].send(
                RawFrame.text(#"{"type":"send","topic":"/rooms/a","data":"late"}"#) + RawFrame.close(1008)
            )
            for client in clients { _ = try await client.end() }
            #expect(try await backend.first("the end") { $0.sawEnd }.received == Data("early".utf8))
            try witness.send(#"{"type":"ping"}"#)
            #expect(try await witness.json() == ["type": "pong"])
        }
    }

    private let version1 = "Sec-WebSocket-Protocol: pushbridge.v1"
}

@Suite("The end of a tunnel that something holds up")
struct HeldTunnelTests {
    /// The lines of the access log so far.
    private func lines(_ bridge: BridgeUnderTest) -> [JSON] {
        bridge.process.errors.split(separator: "\n").filter { $0.hasPrefix("{") }.compactMap { try? JSON(String($0)) }
    }

    @Test("a client that leaves while its backend is being connected leaves no connection to it")
    func clientLeavesDuringConnect() async throws {
        // Takes connections, and never speaks TLS.
        let silent = try await TCPBackend(.neverRead)
        let backend = try await TCPBackend(.collectAndStay)
        let route = #"""
            { "path": "/tunnel",
              "tunnel": { "to": ["tls://127.0.0.1:\#(silent.port)", "\#(backend.address)"], "connect": "after",
                          "connectTimeout": "2s", "halfCloseTimeout": "100ms" } }
            """#
        try await withBridge(route) { bridge in
            let client = try await RawConnection.open(port: bridge.port)
            try await client.send(RawFrame.handshake("/tunnel"))
            try await client.wait(for: RawFrame.accept)
            try await eventually("the first try") { silent.connections.count == 1 }
            try await client.reset()
            try await eventually("the second") { backend.connections.count == 1 }
            _ = try await backend.first("the end") { $0.sawEnd || $0.isClosed }
        }
    }

    @Test("a client answers the close of a tunnel that could not be connected, and is heard")
    func failedConnect() async throws {
        let closed = try await TCPBackend.closedPort()
        let route = #"{ "path": "/tunnel", "tunnel": { "to": "tcp://127.0.0.1:\#(closed)", "connect": "after" } }"#
        try await withBridge(route, settings: #""accessLog": "json","#) { bridge in
            let client = try await RawConnection.open(port: bridge.port)
            try await client.send(RawFrame.handshake("/tunnel"))
            try await client.wait(until: { RawFrame.framesBehindHead(in: $0).last?.opcode == 8 }, "the close")
            try await client.send(RawFrame.masked(2, Data("late".utf8)) + RawFrame.close(1014))
            _ = try await client.end()
            let line = try await eventually("a line", seen: { bridge.process.errors }) {
                lines(bridge).first { $0["transport"] == "tunnel" }
            }
            // Not "timeout": its close frame was read.
            #expect(line["end"] == "bridge" && line["close"] == 1014)
        }
    }

    @Test("a backend that reads slowly gets everything before halfCloseTimeout begins")
    func slowBackend() async throws {
        let backend = try await TCPBackend(.readSlowly(bytes: 32 << 10, every: .milliseconds(100)))
        try await withBridge(tunnelRoute(backend, #""halfCloseTimeout": "300ms""#)) { bridge in
            let data = Data((0..<(2 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 9) })
            let client = try await RawConnection.open(port: bridge.port)
            try await client.send(RawFrame.handshake("/tunnel"))
            try await client.wait(for: RawFrame.accept)
            try await client.send(RawFrame.masked(2, data) + RawFrame.close(1000))
            let connection = try await backend.first("the end of stream", within: .seconds(90)) {
                $0.sawEnd || $0.isClosed
            }
            #expect(connection.byteCount == data.count)
            #expect(connection.received == data)
            let received = try await client.end()
            #expect(RawFrame.framesBehindHead(in: received).last?.payload.prefix(2) == Data([0x03, 0xE8]))
        }
    }
}
