import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// A TCP service behind a tunnel, with a behaviour of its own.
final class TCPBackend: Sendable {
    enum Behaviour: Sendable {
        /// Sends back what it receives.
        case echo
        /// Sends these parts one after the other, each as soon as the one before was taken, then ends.
        case send([Data])
        /// The same, and breaks the connection with a reset instead of the end. It waits for a byte first.
        case resetAfterFirstByte
        /// Reads nothing.
        case neverRead
        /// Reads so many bytes, then waits a little, until the peer's end of stream; then it ends.
        case readSlowly(bytes: Int, every: TimeAmount)
        /// Reads until the peer's end of stream, then sends this and ends.
        case collect(answer: Data)
        /// Reads until the peer's end of stream, and goes on without an end of its own.
        case collectAndStay
        /// Sends so many bytes, ``pattern`` over and over, then ends.
        case stream(bytes: Int)
        /// Sends nothing and keeps the connection.
        case silent
    }

    /// One connection as the backend saw it.
    struct Connection: Sendable {
        /// Empty where only counted: see ``byteCount``.
        var received = Data()
        var byteCount = 0
        var sawEnd = false
        var isClosed = false
    }

    static let pattern = Data((0..<65_536).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) })

    private final class SharedState: Sendable {
        let value = Mutex<[Connection]>([])
    }

    let port: Int
    private let listener: any Channel
    private let state: SharedState

    init(_ behaviour: Behaviour) async throws {
        let state = SharedState()
        self.state = state
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.autoRead, value: Self.readsByItself(behaviour))
            .childChannelOption(
                .recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(capacity: Self.readSize(behaviour))
            )
            .childChannelOption(.maxMessagesPerRead, value: UInt(Self.readsByItself(behaviour) ? 4 : 1))
            .childChannelInitializer { channel in
                let number = state.value.withLock { connections in
                    connections.append(Connection())
                    return connections.count - 1
                }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Handler(behaviour: behaviour, number: number, state: state)
                    )
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = listener.localAddress?.port ?? 0
    }

    deinit {
        listener.close(promise: nil)
    }

    private static func readsByItself(_ behaviour: Behaviour) -> Bool {
        switch behaviour {
        case .echo, .neverRead, .readSlowly: false
        default: true
        }
    }

    private static func readSize(_ behaviour: Behaviour) -> Int {
        if case .readSlowly(let bytes, _) = behaviour { bytes } else { 64 << 10 }
    }

    var address: String { "tcp://127.0.0.1:\(port)" }

    var connections: [Connection] { state.value.withLock { $0 } }

    /// Waits for a state of the first connection.
    func first(
        _ what: String,
        within limit: Duration = patience,
        where condition: (Connection) -> Bool
    ) async throws -> Connection {
        try await eventually(what, within: limit) { connections.first.flatMap { condition($0) ? $0 : nil } }
    }

    /// A port on which nobody listens.
    static func closedPort() async throws -> Int {
        let listener = try await Ports.bind { port in
            try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .bind(host: "127.0.0.1", port: port).get()
        }
        let port = listener.localAddress?.port ?? 0
        try await listener.close()
        return port
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let behaviour: Behaviour
        private let number: Int
        private let state: SharedState
        private var toSend: [Data] = []
        private var remaining = 0
        private var hasEnded = false

        init(behaviour: Behaviour, number: Int, state: SharedState) {
            self.behaviour = behaviour
            self.number = number
            self.state = state
        }

        func channelActive(context: ChannelHandlerContext) {
            switch behaviour {
            case .echo, .readSlowly: context.read()
            case .send(let parts):
                toSend = parts
                sendNext(context)
            case .stream(let bytes):
                remaining = bytes
                sendWhileWritable(context)
            default: break
            }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            state.value.withLock { connections in
                connections[number].byteCount += bytes.readableBytes
                // Enough to compare; the rest of a large transfer is only counted.
                if connections[number].received.count < 16 << 20 {
                    connections[number].received.append(contentsOf: bytes.readableBytesView)
                }
            }
            switch behaviour {
            case .echo: context.write(wrapOutboundOut(bytes), promise: nil)
            case .resetAfterFirstByte: reset(context)
            default: break
            }
        }

        func channelReadComplete(context: ChannelHandlerContext) {
            if case .readSlowly(_, let time) = behaviour, !hasEnded {
                context.eventLoop.assumeIsolated().scheduleTask(in: time) { context.read() }
            }
            guard case .echo = behaviour else { return }
            context.flush()
            if context.channel.isWritable, !hasEnded { context.read() }
        }

        func channelWritabilityChanged(context: ChannelHandlerContext) {
            guard context.channel.isWritable else { return }
            switch behaviour {
            case .echo: if !hasEnded { context.read() }
            case .stream: sendWhileWritable(context)
            default: break
            }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            guard let event = event as? ChannelEvent, event == .inputClosed else { return }
            hasEnded = true
            state.value.withLock { $0[number].sawEnd = true }
            switch behaviour {
            case .echo, .readSlowly: end(context)
            case .collect(let answer):
                context.write(wrapOutboundOut(ByteBuffer(bytes: answer)), promise: nil)
                end(context)
            default: break
            }
        }

        func channelInactive(context: ChannelHandlerContext) {
            state.value.withLock { $0[number].isClosed = true }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }

        private func sendNext(_ context: ChannelHandlerContext) {
            guard !toSend.isEmpty else { return end(context) }
            let part = ByteBuffer(bytes: toSend.removeFirst())
            context.writeAndFlush(wrapOutboundOut(part)).assumeIsolated().whenSuccess {
                // A moment between the parts, so that they are likely to be read one by one.
                context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(20)) { self.sendNext(context) }
            }
        }

        private func sendWhileWritable(_ context: ChannelHandlerContext) {
            while remaining > 0, context.channel.isWritable {
                let part = ByteBuffer(bytes: TCPBackend.pattern.prefix(remaining))
                remaining -= part.readableBytes
                context.writeAndFlush(wrapOutboundOut(part), promise: nil)
            }
            if remaining == 0, !hasEnded {
                hasEnded = true
                end(context)
            }
        }

        /// Closes behind the last write.
        private func end(_ context: ChannelHandlerContext) {
            let channel = context.channel
            context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in
                channel.close(mode: .output, promise: nil)
            }
        }

        private func reset(_ context: ChannelHandlerContext) {
            let channel = context.channel
            guard let options = channel as? any SocketOptionProvider else { return }
            options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in channel.close(promise: nil) }
        }
    }
}
