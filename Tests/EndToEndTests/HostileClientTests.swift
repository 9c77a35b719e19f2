import Foundation
import Testing

/// Clients that keep to no rule of good behaviour. What they do to themselves is theirs; it costs others nothing.
@Suite("Hostile clients")
struct HostileClientTests {
    private let room = #"{ "path": "/rooms/{room}", "channel": { "echo": true } }"#
    private let admin = #""admin": { "host": "127.0.0.1", "port": 0 },"#

    @Test("a body that comes one byte at a time is cut off like a head")
    func dribbledBody() async throws {
        try await withBridge(room, settings: #""limits": { "handshakeTimeout": "2s" },"#) { bridge in
            let client = try await RawConnection.open(port: bridge.port)
            try await client.send("POST /rooms/a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
            try await eventually("the end") {
                try? await client.send("X")
                try await Task.sleep(for: .seconds(1))
                return try await client.hasEnded()
            }
        }
    }

    @Test("a WebSocket whose frame comes one byte a second is served, and others are not held up")
    func dribbledFrame() async throws {
        try await withBridge(room, settings: #""limits": { "handshakeTimeout": "4s" },"#) { bridge in
            let slow = try await RawConnection.open(port: bridge.port)
            try await slow.send(RawFrame.handshake("/rooms/a"))
            try await slow.wait(for: RawFrame.accept)
            let quick = try await bridge.webSocket("/rooms/b")
            for byte in RawFrame.text("hi") {
                try await slow.send(Data([byte]))
                try quick.send("quick")
                #expect(try await quick.text() == "quick")
                try await Task.sleep(for: .milliseconds(700))
            }
            try await slow.wait(for: "hi")
        }
    }

    @Test("a client that asks on and on and reads nothing is not given more than fits, and others are served")
    func neverReads() async throws {
        let document = #""\#(String(repeating: "a", count: 1 << 20))""#
        let upstream = try await LegacyUpstream(.json(document))
        try await withBridge(pollRoute(upstream), settings: #""eventLoops": 1,"#) { bridge in
            #expect(try await Curl(bridge.url("/scores/a")).status == 200)
            let before = try bridge.memory("VmRSS")
            let client = try await RawConnection.open(port: bridge.port, reads: false)
            // The bridge stops reading, so the last of these may never be taken.
            let request = "GET /scores/a HTTP/1.1\r\nHost: a\r\n\r\n"
            let flood = Task { try? await client.send(String(repeating: request, count: 20_000)) }
            for _ in 0..<20 { #expect(try await Curl(bridge.url("/scores/a")).body.count == document.utf8.count) }
            #expect(try bridge.memory("VmRSS") < before + 64 << 20)
            flood.cancel()
            await client.close()
            #expect(try await Curl(bridge.url("/scores/a")).status == 200)
        }
    }

    @Test("a reset in the middle of a frame leaves nothing behind, on every kind of route")
    func resetInMidFrame() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        let backend = try await TCPBackend(.echo)
        let routes = [room, pollRoute(upstream), tunnelRoute(backend), #"{ "path": "/connect", "multiplex": {} }"#]
        try await withBridge(routes.joined(separator: ","), settings: admin) { bridge in
            let admin = try await bridge.admin()
            let alive = try await bridge.webSocket("/rooms/alive")
            let descriptors = try bridge.descriptors
            for path in ["/rooms/a", "/scores/a", "/tunnel", "/connect"] {
                for subprotocol in path == "/tunnel" ? ["binary"] : ["", "pushbridge.v1"] {
                    let client = try await RawConnection.open(port: bridge.port)
                    let header = subprotocol.isEmpty ? "X: y" : "Sec-WebSocket-Protocol: \(subprotocol)"
                    try await client.send(RawFrame.handshake(path, header))
                    try await client.wait(for: RawFrame.accept)
                    try await client.send(RawFrame.masked(1, Data(repeating: 0x61, count: 1000)).prefix(500))
                    try await client.reset()
                }
            }
            try await eventually("the last connection") {
                try await Curl(admin + "/connections").json().items?.map { $0["route"] } == ["/rooms/{room}"]
            }
            try await eventually("their descriptors back") { try bridge.descriptors <= descriptors + 2 }
            try alive.send("alive")
            #expect(try await alive.text() == "alive")
        }
    }

    @Test("messages that inflate without end are 1009, and cost next to no memory", arguments: ["shared", "context"])
    func bomb(compression: String) async throws {
        // 512 MiB of zeros in half a MiB, below every limit for frames.
        let make = """
            import base64, zlib
            deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
            bytes = b"".join(deflate.compress(bytes(1 << 20)) for _ in range(512)) + deflate.flush(zlib.Z_SYNC_FLUSH)
            print(base64.b64encode(bytes[:-4]).decode())
            """
        let made = try await Run(Places.python(), ["-c", make])
        let bomb = try #require(Data(base64Encoded: made.output.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(bomb.count < 1 << 20)
        let rooms = #"{ "path": "/rooms/{room}", "channel": { "echo": true }, "compression": "\#(compression)" }"#
        try await withBridge(rooms) { bridge in
            let before = try bridge.memory("VmRSS")
            try bridge.resetMemoryPeak()
            let offer = "Sec-WebSocket-Extensions: permessage-deflate"
            for isFragmented in [false, true, false, true] {
                let client = try await RawConnection.open(port: bridge.port)
                try await client.send(RawFrame.handshake("/rooms/a", offer))
                try await client.wait(for: "permessage-deflate")
                if isFragmented {
                    try await client.send(RawFrame.masked(0x42, bomb.prefix(1000), isFinal: false))
                    try await client.send(RawFrame.masked(0, bomb.dropFirst(1000)))
                } else {
                    try await client.send(RawFrame.masked(0x42, bomb))
                }
                let frames = RawFrame.framesBehindHead(in: try await client.end())
                #expect(frames.map(\.opcode) == [8])
                // 1009
                #expect(frames.first?.payload.prefix(2) == Data([0x03, 0xF1]))
                await client.close()
            }
            #expect(try bridge.memory("VmHWM") < before + 32 << 20)
        }
    }

    /// What one of the dropped connections does before it is dropped.
    private enum Visit: CaseIterable, Sendable {
        case silent, halfHead, request, room, poll, tunnel, multiplex, halfFrame, eventStream

        var bytes: Data {
            switch self {
            case .silent: Data()
            case .halfHead: Data("GET /scores/a HTTP/1.1\r\nHost:".utf8)
            case .request: Data("GET /scores/a HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
            case .room: Data(RawFrame.handshake("/rooms/a").utf8)
            case .poll: Data(RawFrame.handshake("/scores/a", "Sec-WebSocket-Protocol: pushbridge.v1").utf8)
            case .tunnel: Data(RawFrame.handshake("/tunnel").utf8) + RawFrame.text("hello")
            case .multiplex:
                Data(RawFrame.handshake("/connect").utf8)
                    + RawFrame.text(#"{"type":"subscribe","topic":"/scores/a"}"#)
            case .halfFrame: Data(RawFrame.handshake("/rooms/a").utf8) + RawFrame.text("hello").prefix(8)
            case .eventStream: Data("GET /scores/a HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n".utf8)
            }
        }

        /// What tells that the bridge has got as far as it gets.
        var sign: String? {
            switch self {
            case .silent, .halfHead: nil
            case .request: "200 OK"
            case .room, .halfFrame: RawFrame.accept
            case .poll, .multiplex: "snapshot"
            case .tunnel: "hello"
            case .eventStream: "retry:"
            }
        }

        /// - Parameter number: every other one is reset, the others end in order.
        func make(_ bridge: BridgeUnderTest, number: Int) async throws {
            let client = try await RawConnection.open(port: bridge.port)
            if !bytes.isEmpty { try await client.send(bytes) }
            if let sign { try await client.wait(for: sign) }
            if number.isMultiple(of: 2) { try await client.reset() } else { await client.close() }
        }
    }

    @Test("after 10 000 connections that were dropped, descriptors, threads and memory are where they were")
    func dropped() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        let backend = try await TCPBackend(.echo)
        // Its backend is a part of this process, which is busy with being 500 clients.
        let tunnel = tunnelRoute(backend, #""connectTimeout": "60s""#)
        let routes = [room, pollRoute(upstream), tunnel, #"{ "path": "/connect", "multiplex": {} }"#]
        try await withBridge(routes.joined(separator: ","), settings: admin) { bridge in
            let admin = try await bridge.admin()
            func rounds(_ count: Int) async throws {
                for _ in 0..<count {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for number in 0..<500 {
                            group.addTask {
                                try await Visit.allCases[number % Visit.allCases.count].make(bridge, number: number)
                            }
                        }
                        try await group.waitForAll()
                    }
                    try await eventually("the end of the last connection") {
                        try await Curl(admin + "/connections").json() == []
                    }
                }
            }
            // The first thousand make what stays: buffers, threads, the topic.
            try await rounds(2)
            let descriptors = try bridge.descriptors
            let threads = try bridge.status("Threads")
            let memory = try bridge.memory("VmRSS")
            try await rounds(18)
            try await eventually("their descriptors back") { try bridge.descriptors <= descriptors + 4 }
            #expect(try bridge.status("Threads") <= threads + 2)
            // 9 000 connections that left a kilobyte each would be more than this. The address sanitizer's allocator keeps more
            // of what is freed; there the bound is what descriptors and threads tell.
            let allowance = ChildProcess.isSanitized ? 64 << 20 : 8 << 20
            let growth = try bridge.memory("VmRSS") - memory
            #expect(growth < allowance, "\(growth >> 10) KiB more")
        }
    }
}
