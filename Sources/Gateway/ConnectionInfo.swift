import Access
import NIOCore

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
        case cloudEvents = "cloudevents"
        case tunnel
        /// HTTP/2, whose streams are told of one by one beside it.
        case http2 = "h2"
    }

    /// The version of HTTP that it came by, as ALPN names it (RFC 7301).
    package enum HTTPProtocol: String, Sendable, Encodable {
        case http1 = "http/1.1"
        case http2 = "h2"
    }

    /// The route's path as it is configured; `-` for a connection that belongs to none yet.
    package let route: String
    /// What the client speaks.
    package let transport: Transport
    /// The version of HTTP that it came by.
    package let `protocol`: HTTPProtocol
    /// The client's IP address; nil on a Unix socket.
    package let address: String?
    /// Who the client is, by the route's access rules; nil where they name nobody.
    package let user: String?
    /// Path and query of the request, with what may be secret masked; nil where nothing is logged.
    package let target: String?
    /// Milliseconds of Unix time.
    package let since: Int64
    /// When the head of its request was there, by the clock that nobody sets.
    let beganAt: NIODeadline
    /// When the client's credentials end, and the connection with them, in milliseconds of Unix time; nil: they do not.
    package let expires: Int64?

    init(
        route: String,
        transport: Transport,
        over protocol: HTTPProtocol = .http1,
        address: String?,
        target: String? = nil,
        identity: ClientIdentity = .anonymous,
        beganAt: NIODeadline = .now()
    ) {
        self.route = route
        self.transport = transport
        self.protocol = `protocol`
        self.address = address
        self.target = target
        user = identity.user
        self.beganAt = beganAt
        since = UnixTime.nowMilliseconds
        expires = identity.expiresAt
    }

    init(_ exchange: HTTPExchange, transport: Transport) {
        self.init(
            route: exchange.route.pattern.text,
            transport: transport,
            over: exchange.connection.httpProtocol,
            address: exchange.client.text,
            target: exchange.loop.accessLog == nil
                ? nil : exchange.target.masked(knownParameters: exchange.route.knownParameters),
            identity: exchange.identity,
            beganAt: exchange.beganAt
        )
    }

    private enum CodingKeys: String, CodingKey {
        case route, transport, `protocol`, address, user, target, since, expires
    }
}
