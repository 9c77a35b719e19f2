import NIOCore

/// Stands first on a connection of a plain listener until the first byte has come: whoever speaks TLS there gets no
/// answer that it would understand, so the operator is told. Belongs to its connection's event loop.
final class PlainEntrance: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let gateway: GatewayLoop

    init(gateway: GatewayLoop) {
        self.gateway = gateway
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let first = unwrapInboundIn(data).readableBytesView.first else { return }
        context.fireChannelRead(data)
        if first == TLSEntrance.handshakeRecord { gateway.metTLSOnPlainListener(context.channel) }
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }
}
