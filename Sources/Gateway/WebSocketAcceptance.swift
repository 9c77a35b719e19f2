import Access
import NIOHTTP1
import WebSocket

/// An opening handshake that was found good, with what was chosen from its offers.
struct WebSocketAcceptance {
    /// The subprotocol that is spoken; nil: none.
    let subprotocol: String?
    let deflate: PerMessageDeflate?
    /// Of the answer, with 101 or, over HTTP/2, with 200.
    let headers: [(String, String)]

    /// Judges the request of an exchange.
    ///
    /// - Parameters:
    ///   - subprotocols: what the route speaks; the first of the client's that is among them is chosen.
    ///   - requiresKnownSubprotocol: whether a client that asks for others only is refused (with 400) or goes without.
    /// - Throws: the answer for a bad handshake, a plain request (426), or a page that may not connect (403).
    init(
        _ exchange: HTTPExchange,
        subprotocols: [String],
        requiresKnownSubprotocol: Bool = false,
        compression: CompressionPolicy
    ) throws(Problem) {
        let head = exchange.head
        let fields = head.headers.map { (name: $0.name, value: $0.value) }
        let result =
            exchange.connectProtocol.map { WebSocketHandshake.evaluate(connectProtocol: $0, headers: fields) }
            ?? WebSocketHandshake.evaluate(
                method: head.method.rawValue,
                version: (head.version.major, head.version.minor),
                headers: fields
            )
        let upgrade: WebSocketHandshake.Upgrade
        switch result {
        case .upgrade(let found): upgrade = found
        case .refuse(let refusal):
            exchange.loop.metrics.rejected("handshake")
            throw Problem(refusal)
        case .notAnUpgrade: throw Problem(WebSocketHandshake.upgradeRequired)
        }
        // Also where the handshake was not seen to be one before.
        try exchange.checkOrigin()
        // A token among the subprotocols is no subprotocol to speak.
        let (offered, answerAlone) =
            exchange.route.access?.takesTokens == true
            ? SubprotocolToken.split(upgrade.subprotocols) : (upgrade.subprotocols, nil)
        let chosen = offered.first { subprotocols.contains($0) }
        if requiresKnownSubprotocol, chosen == nil, !offered.isEmpty {
            throw .badRequest("this route speaks the subprotocols \(subprotocols.joined(separator: ", "))")
        }
        let negotiated = DeflateNegotiation.answer(upgrade.extensions, policy: compression)
        subprotocol = chosen
        deflate = negotiated?.agreed
        headers = upgrade.responseHeaders(subprotocol: chosen ?? answerAlone, extensions: negotiated?.header)
    }
}

extension Problem {
    fileprivate init(_ refusal: WebSocketHandshake.Refusal) {
        self.init(
            status: HTTPResponseStatus(statusCode: refusal.status),
            detail: refusal.reason,
            headers: HTTPHeaders(refusal.headers)
        )
    }
}
