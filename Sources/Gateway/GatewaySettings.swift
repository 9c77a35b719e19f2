import NIOCore
import WebSocket

/// How the gateway treats every connection.
package struct GatewaySettings: Sendable {
    /// Open connections at once, over all listeners; past it 503.
    package var connections: Int
    /// The same for one address (IPv6: one /64).
    package var connectionsPerAddress: Int
    /// From the first byte of a request to its last; for the first request from the accept.
    package var handshakeTimeout: TimeAmount
    /// How long a client may take to read an answer; of a file, each part that is read from it at once.
    package var answerTimeout: TimeAmount
    /// The largest message that a client may send, in bytes.
    package var maximumMessage: Int
    /// Messages that a client may send on one WebSocket; nil: no bound.
    package var messageRate: MessageRateLimit?
    /// Whose word about a client's address is believed.
    package var trustedProxies: TrustedProxies
    /// How often an idle WebSocket is pinged; nil: never.
    package var pingInterval: TimeAmount
    /// Without a byte from the client for this long, the connection is given up; also how long an HTTP connection may
    /// be idle between requests.
    package var keepAliveTimeout: TimeAmount
    /// How long it takes to close everybody when the bridge stops.
    package var drain: TimeAmount
    /// Whether broadcasts go through io_uring where the kernel has it.
    package var usesIOUring: Bool

    package init(
        connections: Int = 15_000,
        connectionsPerAddress: Int = 1_000,
        handshakeTimeout: TimeAmount = .seconds(10),
        answerTimeout: TimeAmount = .minutes(2),
        maximumMessage: Int = 1 << 20,
        messageRate: MessageRateLimit? = nil,
        trustedProxies: TrustedProxies = TrustedProxies(),
        pingInterval: TimeAmount = .seconds(30),
        keepAliveTimeout: TimeAmount = .seconds(60),
        drain: TimeAmount = .seconds(5),
        usesIOUring: Bool = true
    ) {
        self.connections = connections
        self.connectionsPerAddress = connectionsPerAddress
        self.handshakeTimeout = handshakeTimeout
        self.answerTimeout = answerTimeout
        self.maximumMessage = maximumMessage
        self.messageRate = messageRate
        self.trustedProxies = trustedProxies
        self.pingInterval = pingInterval
        self.keepAliveTimeout = keepAliveTimeout
        self.drain = drain
        self.usesIOUring = usesIOUring
    }
}
