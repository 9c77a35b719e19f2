import Crypto

/// The server's side of the opening handshake (RFC 6455 §4.2, over HTTP/2 RFC 8441), without I/O and without the types of
/// an HTTP library.
package enum WebSocketHandshake {
    /// The only version of the protocol that there is.
    package static let version = "13"

    /// What a request is.
    package enum Result: Sendable {
        /// A valid opening handshake: choose a subprotocol and extensions, and answer 101, over HTTP/2 200.
        case upgrade(Upgrade)
        /// An opening handshake that must be refused with this response.
        case refuse(Refusal)
        /// A plain HTTP request. A path that speaks WebSocket only answers `upgradeRequired`.
        case notAnUpgrade
    }

    /// A valid opening handshake.
    package struct Upgrade: Sendable {
        /// The value for `Sec-WebSocket-Accept`; nil over HTTP/2, which has none.
        package let acceptKey: String?
        /// What the client offers to speak, in its order of preference, without repetitions.
        package let subprotocols: [String]
        /// The client's extension offers, in its order of preference.
        package let extensions: [ExtensionOffer]

        /// The headers of the response.
        ///
        /// - Parameters:
        ///   - subprotocol: one of `subprotocols`, or nil.
        ///   - extensions: `DeflateNegotiation.answer`'s header value, or nil.
        package func responseHeaders(subprotocol: String?, extensions: String?) -> [(String, String)] {
            var headers =
                self.acceptKey.map {
                    [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", $0)]
                } ?? []
            if let subprotocol { headers.append(("Sec-WebSocket-Protocol", subprotocol)) }
            if let extensions { headers.append(("Sec-WebSocket-Extensions", extensions)) }
            return headers
        }
    }

    /// A response that refuses a handshake.
    package struct Refusal: Sendable {
        /// The HTTP status: 400, 405, 426 or 501.
        package let status: Int
        /// Headers that this status asks for.
        package let headers: [(String, String)]
        /// One sentence for the client's developer.
        package let reason: String
    }

    /// The answer to a plain request on a path that speaks WebSocket only (RFC 9110 §15.5.22).
    package static let upgradeRequired = Refusal(
        status: 426,
        headers: [
            ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", WebSocketHandshake.version),
        ],
        reason: "This path speaks WebSocket only: use ws:// or wss:// instead of http:// or https://."
    )

    /// Judges the head of a request (RFC 6455 §4.2.1).
    ///
    /// - Parameters:
    ///   - method: as it came; methods are case-sensitive.
    ///   - version: of HTTP.
    ///   - headers: all of them, in order; a name may stand several times.
    package static func evaluate(
        method: String,
        version: (major: Int, minor: Int),
        headers: some Sequence<(name: String, value: String)>
    ) -> Result {
        let head = Head(headers)
        guard head.namesWebSocket || !head.keys.isEmpty || !head.versions.isEmpty else { return .notAnUpgrade }
        guard method == "GET" else {
            return self.refuse(405, [("Allow", "GET")], "A WebSocket handshake is a GET.")
        }
        guard version.major == 1, version.minor >= 1 else {
            return self.refuse(400, [], "A WebSocket handshake is a GET of HTTP/1.1, or an extended CONNECT of HTTP/2.")
        }
        guard head.namesWebSocket else {
            return self.refuse(400, [], "The Upgrade header does not name websocket.")
        }
        guard head.asksForUpgrade else {
            return self.refuse(400, [], "The Connection header does not name upgrade.")
        }
        guard head.hostCount == 1 else {
            return self.refuse(400, [], "A request has exactly one Host header.")
        }
        guard !head.announcesBody else {
            return self.refuse(400, [], "A WebSocket handshake has no body.")
        }
        if let refusal = self.refusal(ofVersions: head.versions) { return refusal }
        guard head.keys.count == 1, let key = head.keys.first, HeaderSyntax.isBase64Of16Bytes(key) else {
            return self.refuse(400, [], "Sec-WebSocket-Key must stand once and hold 16 bytes in base64.")
        }
        return self.evaluateOffers(head, acceptKey: self.acceptKey(for: key))
    }

    /// Judges the fields of an extended CONNECT of HTTP/2 (RFC 8441 §5): `:protocol` stands for Upgrade and Connection, and
    /// neither side proves with a key that it has read the other.
    ///
    /// - Parameters:
    ///   - connectProtocol: the value of `:protocol`.
    ///   - headers: all that are no pseudo-headers, in order, with the authority as `host`.
    package static func evaluate(
        connectProtocol: String,
        headers: some Sequence<(name: String, value: String)>
    ) -> Result {
        guard self.isNamed(by: connectProtocol) else {
            return self.refuse(501, [], "websocket is the only protocol that is spoken in a CONNECT.")
        }
        let head = Head(headers)
        guard head.hostCount == 1 else {
            return self.refuse(400, [], "A request has exactly one host.")
        }
        guard !head.announcesBody else {
            return self.refuse(400, [], "A WebSocket handshake has no body.")
        }
        if let refusal = self.refusal(ofVersions: head.versions) { return refusal }
        return self.evaluateOffers(head, acceptKey: nil)
    }

    /// Whether a name of a protocol means this one; their case is of no meaning (RFC 9110 §7.8).
    package static func isNamed(by protocolName: String) -> Bool {
        HeaderSyntax.equalIgnoringCase(protocolName[...], "websocket")
    }

    private static func refusal(ofVersions versions: [String]) -> Result? {
        guard versions.count <= 1 else {
            return self.refuse(400, [], "Sec-WebSocket-Version stands more than once.")
        }
        guard versions.first != self.version else { return nil }
        return .refuse(
            Refusal(
                status: 426,
                headers: [
                    ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", self.version),
                ],
                reason: "Only version 13 of the WebSocket protocol is spoken here."
            )
        )
    }

    private static func evaluateOffers(_ head: Head, acceptKey: String?) -> Result {
        guard head.subprotocols.allSatisfy({ HeaderSyntax.isToken($0) }) else {
            return self.refuse(400, [], "Sec-WebSocket-Protocol holds something that is no token.")
        }
        guard let extensions = ExtensionOffer.parse(head.extensionLines) else {
            return self.refuse(400, [], "Sec-WebSocket-Extensions breaks the grammar of RFC 6455, section 9.1.")
        }
        return .upgrade(
            Upgrade(
                acceptKey: acceptKey,
                subprotocols: head.subprotocols,
                extensions: extensions
            )
        )
    }

    /// The proof that a server has read the client's key (RFC 6455 §4.2.2, step 5.4).
    package static func acceptKey(for key: String) -> String {
        var hash = Insecure.SHA1()
        var text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        text.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
        return HeaderSyntax.base64(hash.finalize())
    }

    private static func refuse(_ status: Int, _ headers: [(String, String)], _ reason: String) -> Result {
        .refuse(Refusal(status: status, headers: headers, reason: reason))
    }

    /// What the handshake looks at, out of one pass over the headers.
    private struct Head {
        var namesWebSocket = false
        var asksForUpgrade = false
        var announcesBody = false
        var hostCount = 0
        var keys: [String] = []
        var versions: [String] = []
        var subprotocols: [String] = []
        var extensionLines: [String] = []

        init(_ headers: some Sequence<(name: String, value: String)>) {
            for (name, value) in headers {
                switch name.lowercased() {
                case "upgrade":
                    // A protocol may carry a version after a slash (RFC 9110 §7.8); "websocket" never does.
                    self.namesWebSocket = self.namesWebSocket || Head.list(value, contains: "websocket")
                case "connection":
                    self.asksForUpgrade = self.asksForUpgrade || Head.list(value, contains: "upgrade")
                case "host":
                    self.hostCount += 1
                case "content-length":
                    self.announcesBody = self.announcesBody || HeaderSyntax.trimmed(value) != "0"
                case "transfer-encoding":
                    self.announcesBody = true
                case "sec-websocket-key":
                    self.keys.append(String(HeaderSyntax.trimmed(value)))
                case "sec-websocket-version":
                    self.versions.append(String(HeaderSyntax.trimmed(value)))
                case "sec-websocket-protocol":
                    for element in HeaderSyntax.listElements(value) where !self.subprotocols.contains(String(element)) {
                        self.subprotocols.append(String(element))
                    }
                case "sec-websocket-extensions":
                    self.extensionLines.append(value)
                default:
                    break
                }
            }
        }

        private static func list(_ value: String, contains token: String) -> Bool {
            HeaderSyntax.listElements(value).contains { HeaderSyntax.equalIgnoringCase($0, token) }
        }
    }
}
