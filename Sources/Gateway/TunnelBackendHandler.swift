import NIOCore
import WebSocket

/// The backend's end of a ``Tunnel``. Belongs to the tunnel's event loop.
final class TunnelBackendHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let tunnel: Tunnel
    private var hasEnded = false
    private var window = ReceiveWindow()

    init(tunnel: Tunnel) {
        self.tunnel = tunnel
    }

    func channelActive(context: ChannelHandlerContext) {
        tunnel.backendConnected(context.channel)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        window.received(bytes.readableBytes, from: context.channel)
        tunnel.backendSent(bytes)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        tunnel.backendReadComplete()
        if tunnel.wantsBackendBytes { context.read() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { tunnel.backendBecameWritable() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent {
            hasEnded = true
            tunnel.backendEnded()
            return
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        tunnel.backendFailed()
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        // Without an end of stream before it, the connection broke.
        if !hasEnded { tunnel.backendFailed() }
        context.fireChannelInactive()
    }
}
