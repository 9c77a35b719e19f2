/// What an operator is told of one open connection.
package struct ConnectionInfo: Sendable, Encodable {
    /// How a client is connected; the `transport` label of the metrics.
    package enum Transport: String, Sendable, Encodable {
        /// HTTP, between or within requests.
        case http
        case serverSentEvents = "sse"
        /// A WebSocket without an envelope.
        case webSocket = "websocket"
        case version1 = "pushbridge.v1"
        case tunnel
    }

    /// The route's path as it is configured; `-` for a connection that belongs to none yet.
    package let route: String
    package let transport: Transport
    /// The client's IP address; nil on a Unix socket.
    package let address: String?
    /// Milliseconds of Unix time.
    package let since: Int64

    init(route: String, transport: Transport, address: String?) {
        self.route = route
        self.transport = transport
        self.address = address
        since = UnixTime.nowMilliseconds
    }

    init(_ exchange: HTTPExchange, transport: Transport) {
        self.init(
            route: exchange.route.pattern.text,
            transport: transport,
            address: exchange.connection.channel?.remoteAddress?.ipAddress
        )
    }
}
