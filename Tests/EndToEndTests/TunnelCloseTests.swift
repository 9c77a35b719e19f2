import Foundation
import Testing

@Suite("The end of a tunnel, in both directions")
struct TunnelCloseTests {
    @Test("when the backend ends, everything that it sent arrives, then 1000")
    func backendEnds() async throws {
        let size = 10 << 20
        let backend = try await TCPBackend(.stream(bytes: size))
        try await withBridge(tunnelRoute(backend)) { bridge in
            try await Script("drain.py", [bridge.webSocketURL("/tunnel"), String(size)])
        }
    }

    @Test("when the backend ends, a client that reads late gets everything too")
    func backendEndsSlowClient() async throws {
        let size = 10 << 20
        let backend = try await TCPBackend(.stream(bytes: size))
        try await withBridge(tunnelRoute(backend)) { bridge in
            try await Script("drain.py", [bridge.webSocketURL("/tunnel"), String(size), "--wait", "2"])
        }
    }

    @Test("when the backend ends without a byte, the client gets 1000")
    func backendEndsAtOnce() async throws {
        let backend = try await TCPBackend(.send([]))
        try await withBridge(tunnelRoute(backend)) { bridge in
            let client = try await bridge.webSocket("/tunnel")
            #expect(try await client.next() == .closed(code: 1000, reason: ""))
        }
    }

    @Test("when the backend resets, the client gets 1014")
    func backendResets() async throws {
        let backend = try await TCPBackend(.resetAfterFirstByte)
        try await withBridge(tunnelRoute(backend)) { bridge in
            let client = try await bridge.webSocket("/tunnel")
            try client.send(Data([1]))
            #expect(try await client.closeCode() == 1014)
        }
    }

    @Test("when the client closes, the backend gets everything, then end of stream, and its answer still arrives")
    func clientCloses() async throws {
        let backend = try await TCPBackend(.collect(answer: Data("the answer".utf8)))
        try await withBridge(tunnelRoute(backend)) { bridge in
            let data = Data((0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 9) })
            let client = try await RawConnection.open(port: bridge.port)
            try await client.send(RawFrame.handshake("/tunnel"))
            try await client.wait(for: "101 Switching Protocols")
            try await client.send(RawFrame.masked(2, data) + RawFrame.close(1000))
            let received = try await client.end()
            let connection = try await backend.first("the end of stream") { $0.sawEnd }
            #expect(connection.received == data)
            let frames = RawFrame.framesBehindHead(in: received)
            #expect(frames.filter { $0.opcode == 2 }.map(\.payload).reduce(Data(), +) == Data("the answer".utf8))
            #expect(frames.last?.opcode == 8)
            #expect(frames.last?.payload.prefix(2) == Data([0x03, 0xE8]))
        }
    }

    @Test("when the client is gone without a word, the backend still gets everything and end of stream")
    func clientVanishes() async throws {
        let backend = try await TCPBackend(.collect(answer: Data()))
        try await withBridge(tunnelRoute(backend)) { bridge in
            let data = Data(repeating: 0x5A, count: 1 << 20)
            let client = try await RawConnection.open(port: bridge.port)
            try await client.send(RawFrame.handshake("/tunnel"))
            try await client.wait(for: "101 Switching Protocols")
            try await client.send(RawFrame.masked(2, data))
            try await client.endOutput()
            let connection = try await backend.first("the end of stream") { $0.sawEnd }
            #expect(connection.received == data)
        }
    }

    @Test("a client that resets ends the backend's connection")
    func clientResets() async throws {
        let backend = try await TCPBackend(.collectAndStay)
        try await withBridge(tunnelRoute(backend, #""halfCloseTimeout": "300ms""#)) { bridge in
            let client = try await RawConnection.open(port: bridge.port)
            try await client.send(RawFrame.handshake("/tunnel"))
            try await client.wait(for: "101 Switching Protocols")
            try await client.send(RawFrame.masked(2, Data([1])))
            _ = try await backend.first("the first byte") { $0.byteCount == 1 }
            try await client.reset()
            _ = try await backend.first("the end") { $0.sawEnd || $0.isClosed }
        }
    }

    @Test("a backend that does not end its side is dropped after halfCloseTimeout, and the client gets its close")
    func halfCloseTimeout() async throws {
        let backend = try await TCPBackend(.collectAndStay)
        try await withBridge(tunnelRoute(backend, #""halfCloseTimeout": "700ms""#)) { bridge in
            let client = try await bridge.webSocket("/tunnel")
            try client.send(Data([1, 2, 3]))
            _ = try await backend.first("the bytes") { $0.byteCount == 3 }
            let start = ContinuousClock.now
            try client.close()
            #expect(try await client.closeCode() == 1000)
            let elapsed = ContinuousClock.now - start
            #expect(elapsed > .milliseconds(600) && elapsed < .seconds(10), "closed after \(elapsed)")
            #expect(backend.connections.first?.sawEnd == true)
        }
    }

    @Test("an idle tunnel ends after idleTimeout, and one with traffic does not")
    func idleTimeout() async throws {
        let backend = try await TCPBackend(.echo)
        try await withBridge(tunnelRoute(backend, #""idleTimeout": "5s""#)) { bridge in
            let client = try await bridge.webSocket("/tunnel")
            let start = ContinuousClock.now
            for number in 0..<15 {
                try client.send(Data([UInt8(number)]))
                #expect(try await client.next() == .binary(Data([UInt8(number)])))
                try await Task.sleep(for: .milliseconds(400))
            }
            let lastByte = ContinuousClock.now
            #expect(lastByte - start > .seconds(5))
            #expect(try await client.closeCode() == 1000)
            #expect(ContinuousClock.now - lastByte > .seconds(4))
            _ = try await backend.first("the end of the backend's connection") { $0.sawEnd }
        }
    }

    @Test("100 tunnels at once keep their bytes apart")
    func many() async throws {
        let backend = try await TCPBackend(.echo)
        try await withBridge(tunnelRoute(backend)) { bridge in
            try await Script("echo_many.py", [bridge.webSocketURL("/tunnel"), "100", "200000"])
        }
    }
}

@Suite("The memory of a tunnel", .serialized)
struct TunnelMemoryTests {
    private static let transfer = 1 << 30
    /// What a transfer may add to the process, whatever its length: a hundredth of it. The peak counts pages of the
    /// program too, of which a debug build touches some MB for the first time on the way.
    private static let allowance = ChildProcess.isSanitized ? 40 << 20 : 10 << 20

    @Test("a large transfer to a slow reader does not grow the process")
    func towardsClient() async throws {
        let backend = try await TCPBackend(.stream(bytes: Self.transfer))
        let warmUp = try await TCPBackend(.stream(bytes: 32 << 20))
        let routes = tunnelRoute(backend) + ", " + tunnelRoute(warmUp).replacing("/tunnel\"", with: "/warm\"")
        try await withBridge(routes) { bridge in
            try await Script("drain.py", [bridge.webSocketURL("/warm"), String(32 << 20)])
            let before = try bridge.memory("VmRSS")
            try bridge.resetMemoryPeak()
            try await Script(
                "drain.py",
                [bridge.webSocketURL("/tunnel"), String(Self.transfer), "--wait", "1", "--pauses", "8"]
            )
            let growth = try bridge.memory("VmHWM") - before
            #expect(growth < Self.allowance, "the process grew by \(growth >> 10) KiB")
        }
    }

    @Test("a backend that ends while the client does not read leaves its bytes where they are, until the client reads")
    func endWhileClientStops() async throws {
        let size = 256 << 20
        let left = 48 << 20
        let backend = try await TCPBackend(.stream(bytes: size))
        try await withBridge(tunnelRoute(backend)) { bridge in
            let before = try bridge.memory("VmRSS")
            try bridge.resetMemoryPeak()
            try await Script(
                "drain.py",
                [bridge.webSocketURL("/tunnel"), String(size), "--wait", "0.3", "--pauses", "6"]
                    + ["--stop", String(left), "3", "--receive-buffer", String(64 << 10)]
            )
            let growth = try bridge.memory("VmHWM") - before
            #expect(growth < Self.allowance, "the process grew by \(growth >> 10) KiB")
        }
    }

    @Test("a client that ends while the backend does not read leaves its bytes where they are")
    func endWhileBackendStops() async throws {
        let backend = try await TCPBackend(.neverRead)
        try await withBridge(tunnelRoute(backend, #""halfCloseTimeout": "1s""#)) { bridge in
            let client = try await RawConnection.open(port: bridge.port)
            try await client.send(RawFrame.handshake("/tunnel"))
            try await client.wait(for: "101 Switching Protocols")
            let before = try bridge.memory("VmRSS")
            try bridge.resetMemoryPeak()
            let data = RawFrame.masked(2, Data(count: 48 << 20))
            let sending = Task {
                try await client.send(data)
                try await client.endOutput()
            }
            // Nothing tells from outside that nothing more comes.
            try await Task.sleep(for: .seconds(3))
            let growth = try bridge.memory("VmHWM") - before
            #expect(growth < Self.allowance, "the process grew by \(growth >> 10) KiB")
            await client.close()
            _ = await sending.result
        }
    }

    @Test("a large transfer from a client to a backend that reads slowly does not grow the process")
    func towardsBackend() async throws {
        let backend = try await TCPBackend(.collect(answer: Data()))
        let stuck = try await TCPBackend(.neverRead)
        let routes = tunnelRoute(backend) + ", " + tunnelRoute(stuck).replacing("/tunnel\"", with: "/stuck\"")
        try await withBridge(routes) { bridge in
            try await Script("fill.py", [bridge.webSocketURL("/tunnel"), String(32 << 20)])
            let before = try bridge.memory("VmRSS")
            try bridge.resetMemoryPeak()
            // Nothing is read at the other end: the client must come to a standstill.
            try await Script("fill.py", [bridge.webSocketURL("/stuck"), String(Self.transfer), "--until-stuck"])
            #expect(try bridge.memory("VmHWM") - before < Self.allowance)
            try await Script("fill.py", [bridge.webSocketURL("/tunnel"), String(Self.transfer)])
            try await eventually("all bytes at the backend") {
                backend.connections.contains { $0.byteCount == Self.transfer }
            }
            let growth = try bridge.memory("VmHWM") - before
            #expect(growth < Self.allowance, "the process grew by \(growth >> 10) KiB")
        }
    }
}
