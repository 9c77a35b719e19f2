import NIOCore
import NIOEmbedded
import Testing

@testable import WebSocket

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A WebSocket whose shared frames go to one end of a pair of sockets, and what goes another way to an embedded channel.
final class SocketUnderTest {
    let channel = EmbeddedChannel()
    let gate = Gate()
    private let ears = Ears()
    /// Called when the socket takes bytes again.
    var onReady: () -> Void {
        get { ears.onReady }
        set { ears.onReady = newValue }
    }
    /// Called with each message of the peer's.
    var onMessage: (WebSocketHandler) -> Void {
        get { ears.onMessage }
        set { ears.onMessage = newValue }
    }
    private(set) var handler: WebSocketHandler?
    private var ends: [CInt] = [-1, -1]

    init() throws {
        let status = socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends)
        try #require(status == 0)
        let handler = WebSocketHandler(role: .server, delegate: ears)
        self.handler = handler
        try channel.pipeline.syncOperations.addHandlers([gate, handler])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        handler.descriptor = ends[0]
        handler.findWay()
    }

    deinit {
        _ = try? channel.finish()
        for end in ends where end >= 0 { close(end) }
    }

    /// What has come to the other end of the socket.
    func received() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = recv(ends[1], &bytes, bytes.count, CInt(MSG_DONTWAIT))
        return Array(bytes.prefix(max(0, count)))
    }

    /// Lets the channel take what was held back.
    func open() throws { try gate.open(channel.pipeline.syncOperations.context(handler: gate)) }

    /// What has come to the other end of the socket, and what waits behind it.
    func everything() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let some = received()
            if some.isEmpty { return try bytes + given() }
            bytes += some
        }
    }

    /// What was given to the channel.
    func given() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { bytes += Array(buffer.readableBytesView) }
        return bytes
    }

    /// Fills the socket until it takes no more.
    func fill() {
        let bytes = [UInt8](repeating: 0, count: 4096)
        while send(ends[0], bytes, bytes.count, CInt(MSG_DONTWAIT)) > 0 {}
        while send(ends[0], bytes, 1, CInt(MSG_DONTWAIT)) > 0 {}
    }

    func closeOtherEnd() {
        close(ends[1])
        ends[1] = -1
    }
}

/// The handler keeps its delegate: one that keeps nothing.
private final class Ears: WebSocketDelegate {
    var onReady: () -> Void = {}
    var onMessage: (WebSocketHandler) -> Void = { _ in }

    func webSocket(_ socket: WebSocketHandler, message: ByteBuffer, opcode: Opcode) { onMessage(socket) }
    func webSocketOpened(_ socket: WebSocketHandler) {}
    func webSocketWritabilityChanged(_ socket: WebSocketHandler, isWritable: Bool) { if isWritable { onReady() } }
    func webSocketClosed(_ socket: WebSocketHandler, _ closure: WebSocketClosure) {}
}

/// Holds writes back, as a channel does whose socket is full.
final class Gate: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    var isClosed = false
    /// Called before each flush.
    var onFlush: () -> Void = {}
    private var held: [(NIOAny, EventLoopPromise<Void>?)] = []

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if isClosed { held.append((data, promise)) } else { context.write(data, promise: promise) }
    }

    func flush(context: ChannelHandlerContext) {
        onFlush()
        context.flush()
    }

    func open(_ context: ChannelHandlerContext) {
        isClosed = false
        let writes = held
        held = []
        for (data, promise) in writes { context.write(data, promise: promise) }
        context.flush()
    }
}
