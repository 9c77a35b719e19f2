import NIOCore
import NIOTLS

/// Lets a backend's connection seem active once bytes can flow, which with TLS is after its handshake. Failures before
/// that stay here, so that the next backend can be tried. Belongs to the channel's event loop.
///
///     socket ⇄ PROXY header ⇄ (NIOSSLClientHandler) ⇄ BackendReadinessHandler ⇄ TunnelBackendHandler
final class BackendReadinessHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let usesTLS: Bool
    private let ready: EventLoopPromise<Void>
    private var isReady = false

    init(usesTLS: Bool, ready: EventLoopPromise<Void>) {
        self.usesTLS = usesTLS
        self.ready = ready
    }

    func channelActive(context: ChannelHandlerContext) {
        if usesTLS { context.read() } else { begin(context) }
    }

    private func begin(_ context: ChannelHandlerContext) {
        isReady = true
        context.fireChannelActive()
        ready.succeed()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if usesTLS, !isReady {
            if case .handshakeCompleted? = event as? TLSUserEvent { begin(context) }
            return
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if isReady { context.fireChannelReadComplete() } else { context.read() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isReady else {
            context.fireErrorCaught(error)
            return
        }
        ready.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if isReady { context.fireChannelInactive() } else { ready.fail(TunnelFailure.TLSIncomplete()) }
    }
}
