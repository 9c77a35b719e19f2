import NIOCore

/// Sends a header before anything else, TLS included. Belongs to the channel's event loop.
final class PrefaceHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let header: ByteBuffer

    init(_ header: ByteBuffer) {
        self.header = header
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(header), promise: nil)
        context.fireChannelActive()
    }
}
