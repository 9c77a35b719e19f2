import NIOCore
import NIOPosix
import Synchronization

/// A TCP relay between a client and a bridge, whose connections a test cuts.
final class Relay: Sendable {
    private struct State {
        var connections: [any Channel] = []
        var count = 0
        var isRefusing = false
    }

    private final class SharedState: Sendable {
        let value = Mutex(State())
    }

    let port: Int
    private let listener: any Channel
    private let state = SharedState()

    init(to target: Int) async throws {
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { [state] near in
                let isRefusing = state.value.withLock { state in
                    if !state.isRefusing { state.count += 1 }
                    state.connections.append(near)
                    return state.isRefusing
                }
                if isRefusing { return near.eventLoop.makeFailedFuture(ChannelError.ioOnClosedChannel) }
                return ClientBootstrap(group: near.eventLoop).connect(host: "127.0.0.1", port: target)
                    .flatMapThrowing { far in
                        state.value.withLock { $0.connections.append(far) }
                        try near.pipeline.syncOperations.addHandler(Handler(other: far))
                        try far.pipeline.syncOperations.addHandler(Handler(other: near))
                        near.setOption(.autoRead, value: true).whenComplete { _ in }
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = listener.localAddress?.port ?? 0
    }

    deinit {
        listener.close(promise: nil)
        cut()
    }

    /// Connections that were taken.
    var count: Int { state.value.withLock { $0.count } }

    /// Breaks all connections, without a word of WebSocket.
    func cut() {
        for channel in state.value.withLock({ state in
            defer { state.connections = [] }
            return state.connections
        }) { channel.close(promise: nil) }
    }

    /// Whether new connections are ended at once.
    func refuse(_ isRefusing: Bool) {
        state.value.withLock { $0.isRefusing = isRefusing }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let other: any Channel

        init(other: any Channel) {
            self.other = other
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            other.writeAndFlush(unwrapInboundIn(data), promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            other.close(promise: nil)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
