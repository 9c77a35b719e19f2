import NIOCore

/// Remembers that the server has said its last before anybody listened: nobody hears of an end that came before. Belongs to
/// its channel's event loop, and stays in front.
final class EarlyEndHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private(set) var hasCome = false

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { hasCome = true }
        context.fireUserInboundEventTriggered(event)
    }
}
