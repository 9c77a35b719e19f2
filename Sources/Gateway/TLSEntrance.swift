import NIOCore
import NIOSSL

/// Stands first on a connection of a TLS listener until the first byte has come: a client that speaks plain HTTP is told
/// so in plain HTTP, everybody else gets TLS. Belongs to its connection's event loop.
final class TLSEntrance: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The first byte of a TLS record that carries a ClientHello (RFC 8446 section 5.1). No HTTP request begins with it.
    static let handshakeRecord: UInt8 = 22

    private let tls: ListenerTLS
    private let negotiation: ProtocolNegotiation?
    private var isRefused = false

    /// - Parameter negotiation: nil where there is no choice of protocols.
    init(tls: ListenerTLS, negotiation: ProtocolNegotiation?) {
        self.tls = tls
        self.negotiation = negotiation
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isRefused, let first = unwrapInboundIn(data).readableBytesView.first else { return }
        guard first == Self.handshakeRecord else {
            refuse(context)
            return
        }
        do {
            let pipeline = context.pipeline.syncOperations
            if let negotiation { try pipeline.addHandler(negotiation, position: .after(self)) }
            try pipeline.addHandler(NIOSSLServerHandler(context: tls.context), position: .after(self))
            context.fireChannelRead(data)
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        } catch {
            context.fireErrorCaught(error)
        }
    }

    private func refuse(_ context: ChannelHandlerContext) {
        isRefused = true
        let text = "This port speaks TLS: use https:// or wss:// instead of http:// or ws://.\n"
        let answer = """
            HTTP/1.1 400 Bad Request\r
            Content-Type: text/plain; charset=utf-8\r
            Content-Length: \(text.utf8.count)\r
            Connection: close\r
            \r
            \(text)
            """
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer))).assumeIsolated().whenComplete { _ in
            LingeringClose.begin(on: channel)
        }
    }
}
