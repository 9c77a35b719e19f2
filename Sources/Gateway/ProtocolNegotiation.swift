import NIOCore
import NIOTLS

/// Stands behind TLS until the handshake is complete, and puts the protocol on the connection that was chosen in it (ALPN,
/// RFC 7301): HTTP/2, or HTTP/1.1 also where the client named none. Belongs to its connection's event loop.
final class ProtocolNegotiation: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let gateway: GatewayLoop
    private let admission: Admission
    private let address: IPAddress?

    /// - Parameters:
    ///   - admission: of the connection, when it was accepted.
    ///   - address: by which it was counted; nil where it was not counted by address.
    init(gateway: GatewayLoop, admission: Admission, address: IPAddress?) {
        self.gateway = gateway
        self.admission = admission
        self.address = address
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted(let name)? = event as? TLSUserEvent else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        let pipeline = context.pipeline.syncOperations
        do {
            if name == "h2" {
                pipeline.removeHandler(name: HTTPConnectionHandler.name, promise: nil)
                try HTTP2ConnectionHandler.configure(
                    context.channel,
                    gateway: gateway,
                    admission: admission,
                    address: address
                )
            } else {
                try HTTPConnectionHandler.addCodec(
                    to: pipeline,
                    position: .before(try pipeline.handler(type: HTTPConnectionHandler.self))
                )
            }
        } catch {
            gateway.logger.error("cannot begin HTTP", metadata: ["error": "\(error)"])
            context.close(promise: nil)
            return
        }
        pipeline.removeHandler(context: context, promise: nil)
    }
}
