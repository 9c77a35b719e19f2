import NIOCore

/// Sends back what it receives.
///
///     read ──▶ write ──▶ flush ──▶ writable? ──yes──▶ read
///                                      └─no──▶ wait for writability
///
/// It reads only while its own output is taken, so that a peer that does not read is not read from either. When the
/// peer ends its side, everything received is sent back before this side ends too.
final class EchoHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// A read was asked for and has not been completed.
    private var isReading = false
    private var peerHasEnded = false

    func channelActive(context: ChannelHandlerContext) {
        readIfWritable(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.write(data, promise: nil)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        context.flush()
        readIfWritable(context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        readIfWritable(context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ChannelEvent, event == .inputClosed else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        peerHasEnded = true
        // Closing cancels writes that are still pending, so it has to wait for the last of them.
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in channel.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func readIfWritable(_ context: ChannelHandlerContext) {
        guard !isReading, !peerHasEnded, context.channel.isWritable else { return }
        isReading = true
        context.read()
    }
}

extension TCPService {
    /// A TCP service that sends back every byte.
    static func startEcho(host: String, port: Int, group: any EventLoopGroup) async throws -> TCPService {
        try await start("TCP echo", host: host, port: port, group: group) { channel in
            try channel.syncOptions?.setOption(.autoRead, value: false)
            try channel.pipeline.syncOperations.addHandler(EchoHandler())
        }
    }
}
