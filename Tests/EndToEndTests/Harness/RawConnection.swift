import Foundation
import NIOCore
import NIOPosix

/// A plain TCP client, where the exact bytes matter: what arrives is collected, and waited for with a deadline.
final class RawConnection: Sendable {
    private let channel: any Channel
    private let inbox: NIOLoopBound<Inbox>

    private init(channel: any Channel, inbox: NIOLoopBound<Inbox>) {
        self.channel = channel
        self.inbox = inbox
    }

    deinit {
        channel.close(promise: nil)
    }

    /// - Parameter reads: false for a client that takes nothing of what it is sent before ``startReading()``.
    static func open(port: Int, reads: Bool = true) async throws -> RawConnection {
        let channel =
            try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.autoRead, value: reads)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Inbox())
                }
            }
            .connect(host: "127.0.0.1", port: port)
            .get()
        let inbox = try await channel.eventLoop.submit {
            NIOLoopBound(try channel.pipeline.syncOperations.handler(type: Inbox.self), eventLoop: channel.eventLoop)
        }.get()
        return RawConnection(channel: channel, inbox: inbox)
    }

    /// Takes what it is sent from now on, where it did not before.
    func startReading() async throws {
        try await channel.setOption(.autoRead, value: true).get()
    }

    func send(_ text: String) async throws {
        try await channel.writeAndFlush(ByteBuffer(string: text))
    }

    func send(_ bytes: Data) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    /// Reads until so many bytes more have come, without reading by itself.
    func read(atLeast count: Int) async throws {
        let goal = try await received().count + count
        try await eventually("\(count) bytes") {
            if try await hasEnded() { return true }
            if try await received().count >= goal { return true }
            channel.read()
            return false
        }
    }

    /// Shuts down the way to the bridge.
    func endOutput() async throws {
        try await channel.close(mode: .output)
    }

    /// Breaks the connection with a TCP reset.
    func reset() async throws {
        try await (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        try await channel.close()
    }

    func close() async {
        try? await channel.close()
    }

    /// What was received so far.
    func received() async throws -> Data {
        let inbox = inbox
        return try await channel.eventLoop.submit { inbox.value.received }.get()
    }

    /// Whether the bridge ended the connection.
    func hasEnded() async throws -> Bool {
        let inbox = inbox
        return try await channel.eventLoop.submit { inbox.value.hasEnded }.get()
    }

    /// Waits until the text received so far contains `text`; returns all of it.
    @discardableResult
    func wait(for text: String, within limit: Duration = patience) async throws -> String {
        String(decoding: try await wait(until: { $0.firstRange(of: Data(text.utf8)) != nil }, text), as: UTF8.self)
    }

    /// Waits until what was received fulfils a condition.
    @discardableResult
    func wait(
        until condition: (Data) -> Bool,
        _ what: String = "bytes",
        within limit: Duration = patience
    ) async throws -> Data {
        var last = Data()
        do {
            return try await eventually(what, within: limit) {
                let isOver = try await hasEnded()
                last = try await received()
                if condition(last) { return last }
                if isOver { throw Ended(received: last) }
                return nil
            }
        } catch is TimedOut {
            throw TimedOut(what: what, limit: limit, seen: String(decoding: last.prefix(2000), as: UTF8.self))
        }
    }

    /// Waits for the end of the stream; returns all that was received.
    func end(within limit: Duration = patience) async throws -> Data {
        try await eventually("the end of the stream", within: limit) { try await hasEnded() }
        return try await received()
    }

    struct Ended: Error, CustomStringConvertible {
        let received: Data
        var description: String { "the stream ended after \(String(decoding: received.prefix(2000), as: UTF8.self))" }
    }

    final class Inbox: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private(set) var received = Data()
        private(set) var hasEnded = false

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received.append(contentsOf: unwrapInboundIn(data).readableBytesView)
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if let event = event as? ChannelEvent, event == .inputClosed { hasEnded = true }
        }

        func channelInactive(context: ChannelHandlerContext) {
            hasEnded = true
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}

/// WebSocket frames written and read by hand (RFC 6455 section 5.2).
enum RawFrame {
    /// A frame as a client sends it.
    static func masked(_ opcode: UInt8, _ payload: Data, isFinal: Bool = true) -> Data {
        let mask: [UInt8] = [0x12, 0x34, 0x56, 0x78]
        var frame = Data([(isFinal ? 0x80 : 0) | opcode])
        switch payload.count {
        case 0..<126: frame.append(0x80 | UInt8(payload.count))
        case 126..<65536:
            frame.append(contentsOf: [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)])
        default:
            frame.append(0x80 | 127)
            for shift in stride(from: 56, through: 0, by: -8) { frame.append(UInt8(payload.count >> shift & 0xFF)) }
        }
        frame.append(contentsOf: mask)
        frame.append(contentsOf: payload.enumerated().map { $1 ^ mask[$0 & 3] })
        return frame
    }

    static func text(_ text: String) -> Data { masked(1, Data(text.utf8)) }

    static func close(_ code: UInt16) -> Data { masked(8, Data([UInt8(code >> 8), UInt8(code & 0xFF)])) }

    /// The whole frames in what a server sent.
    static func frames(in bytes: Data) -> [(opcode: UInt8, payload: Data)] {
        var frames: [(UInt8, Data)] = []
        var rest = bytes[...]
        while rest.count >= 2 {
            let start = rest.startIndex
            var (header, length) = (2, Int(rest[start + 1] & 0x7F))
            if length >= 126 {
                let size = length == 126 ? 2 : 8
                guard rest.count >= 2 + size else { break }
                length = rest[(start + 2)..<(start + 2 + size)].reduce(0) { $0 << 8 | Int($1) }
                header += size
            }
            guard rest.count >= header + length else { break }
            frames.append((rest[start] & 0x0F, Data(rest[(start + header)..<(start + header + length)])))
            rest = rest[(start + header + length)...]
        }
        return frames
    }

    /// The frames behind the head of a 101 answer.
    static func framesBehindHead(in bytes: Data) -> [(opcode: UInt8, payload: Data)] {
        guard let end = bytes.firstRange(of: Data("\r\n\r\n".utf8)) else { return [] }
        return frames(in: Data(bytes[end.upperBound...]))
    }

    /// The request of an opening handshake, with the example key of RFC 6455 section 1.3.
    static func handshake(_ path: String, host: String = "127.0.0.1", _ headers: String...) -> String {
        ([
            "GET \(path) HTTP/1.1", "Host: \(host)", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
        ] + headers + ["", ""])
        .joined(separator: "\r\n")
    }

    /// What must be in the answer to ``handshake(_:host:_:)``.
    static let accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
}
