import Access
import NIOCore
import NIOHTTP1
import Topics
import WebSocket

/// One request and the means to answer it, once. Belongs to its connection's event loop.
final class HTTPExchange {
    let head: HTTPRequestHead
    /// Who asks: the other end of the connection, or whom a trusted proxy names.
    let client: ClientAddress
    let target: RequestTarget
    let parameters: [String: String]
    let route: GatewayRoute
    let loop: GatewayLoop
    let connection: HTTPConnectionHandler
    /// When its head was there.
    let beganAt: NIODeadline
    /// Who asks: known once the route's access rules have let the request in.
    var identity = ClientIdentity.anonymous
    /// Called when the connection ends, or stops being an HTTP connection, before the answer is given.
    var onAbandoned: (() -> Void)?
    /// Called when the bridge stops, at this connection's turn: an answer that waits for something that may never come is
    /// given now.
    var onDrain: (() -> Void)?

    init(
        head: HTTPRequestHead,
        client: ClientAddress,
        target: RequestTarget,
        parameters: [String: String],
        route: GatewayRoute,
        loop: GatewayLoop,
        connection: HTTPConnectionHandler,
        beganAt: NIODeadline
    ) {
        self.head = head
        self.client = client
        self.target = target
        self.parameters = parameters
        self.route = route
        self.loop = loop
        self.connection = connection
        self.beganAt = beganAt
    }

    /// The connection ends without an answer.
    func abandon() {
        let onAbandoned = onAbandoned
        settle()
        onAbandoned?()
    }

    /// Nobody waits any more, so nobody is told of an end.
    private func settle() {
        onAbandoned = nil
        onDrain = nil
    }

    var isHead: Bool { head.method == .HEAD }

    /// `:protocol` of an extended CONNECT (RFC 8441); nil for every other request.
    var connectProtocol: String? { connection.stream?.connectProtocol }

    /// Whether the client asks for a WebSocket, well or badly.
    var asksForWebSocket: Bool { connectProtocol != nil || hasWebSocketUpgrade }

    private var hasWebSocketUpgrade: Bool {
        head.headers[canonicalForm: "upgrade"].contains { $0.lowercased() == "websocket" }
    }

    func respond(_ status: HTTPResponseStatus, headers: HTTPHeaders = [:], body: ByteBuffer = ByteBuffer()) {
        settle()
        var headers = headers
        addCrossOriginHeaders(to: &headers)
        connection.respond(status, headers: headers, body: body)
    }

    func fail(_ problem: Problem) {
        settle()
        var headers = problem.headers
        addCrossOriginHeaders(to: &headers)
        connection.fail(problem, headers: headers)
    }

    /// Begins an answer whose body the connection writes in parts.
    func beginBody(_ status: HTTPResponseStatus, headers: HTTPHeaders) {
        settle()
        var headers = headers
        addCrossOriginHeaders(to: &headers)
        connection.beginBody(status, headers: headers)
    }

    /// Answers the upgrade and hands the connection over.
    func upgrade(
        _ acceptance: WebSocketAcceptance,
        limits: WebSocketLimits,
        options: WebSocketOptions,
        delegate: any WebSocketDelegate
    ) {
        settle()
        var limits = limits
        limits.rate = route.messageRate ?? loop.settings.messageRate
        connection.upgrade(acceptance, limits: limits, options: options, delegate: delegate)
    }

    /// Answers with an endless `text/event-stream`.
    func beginEventStream(extraHeaders: HTTPHeaders, _ attach: (EventStreamHandler) -> Void) {
        settle()
        var headers = extraHeaders
        addCrossOriginHeaders(to: &headers)
        connection.beginEventStream(
            headers: headers,
            info: ConnectionInfo(self, transport: .serverSentEvents),
            attach
        )
    }

    /// CORS (WHATWG Fetch section 3.2): pages of allowed origins may read the answer.
    private func addCrossOriginHeaders(to headers: inout HTTPHeaders) {
        headers.add(name: "Vary", value: "Origin")
        guard let origin = head.headers.first(name: "Origin"),
            route.origins.allows(origin: origin, host: head.headers.first(name: "Host"))
        else { return }
        headers.replaceOrAdd(name: "Access-Control-Allow-Origin", value: route.origins == .any ? "*" : origin)
        // Pages that were named may send cookies and passwords along; those of just any site may not.
        if route.knowsPersons, route.origins != .any {
            headers.replaceOrAdd(name: "Access-Control-Allow-Credentials", value: "true")
        }
        headers.replaceOrAdd(
            name: "Access-Control-Expose-Headers",
            value: "ETag, Age, Link, Preference-Applied, X-Pushbridge-State"
        )
    }
}
