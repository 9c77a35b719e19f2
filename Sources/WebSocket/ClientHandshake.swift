/// Why a server's answer is no WebSocket handshake.
package enum ClientHandshakeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Another status than 101: the server refused.
    case status(Int)
    /// `Upgrade` or `Connection` does not say what 101 needs.
    case noUpgrade
    /// `Sec-WebSocket-Accept` is missing or does not fit the key: no WebSocket server, or a cache, answered.
    case wrongAcceptKey
    /// A subprotocol that was not offered.
    case unexpectedSubprotocol(String)
    /// An extension that was not offered, or with parameters that the offer does not allow.
    case invalidExtension(String)

    /// One sentence, for logs and the command line.
    package var description: String {
        switch self {
        case .status(let status): "the server answered \(status) instead of 101"
        case .noUpgrade: "the server answered 101 without upgrading to websocket"
        case .wrongAcceptKey: "the server's Sec-WebSocket-Accept does not fit the key that was sent"
        case .unexpectedSubprotocol(let name): "the server chose the subprotocol \(name), which was not offered"
        case .invalidExtension(let text): "the server answered with an extension that was not offered so: \(text)"
        }
    }
}

/// The client's side of the opening handshake (RFC 6455 §4.1), without I/O: one instance for one attempt.
package struct ClientHandshake: Sendable {
    /// The random value of this attempt: 16 bytes in base64.
    package let key: String
    /// What is offered, in order of preference.
    package let subprotocols: [String]
    /// Whether permessage-deflate is offered.
    package let offersDeflate: Bool

    /// - Parameters:
    ///   - subprotocols: tokens, in order of preference.
    ///   - offersDeflate: whether to offer permessage-deflate.
    package init(subprotocols: [String] = [], offersDeflate: Bool = false) {
        var generator = SystemRandomNumberGenerator()
        self.key = HeaderSyntax.base64((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
        self.subprotocols = subprotocols
        self.offersDeflate = offersDeflate
    }

    /// The headers of the GET request, `Host` first.
    package func requestHeaders(host: String) -> [(String, String)] {
        var headers = [
            ("Host", host), ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Key", self.key),
            ("Sec-WebSocket-Version", WebSocketHandshake.version),
        ]
        if !self.subprotocols.isEmpty {
            headers.append(("Sec-WebSocket-Protocol", self.subprotocols.joined(separator: ", ")))
        }
        if self.offersDeflate { headers.append(("Sec-WebSocket-Extensions", DeflateNegotiation.clientOffer)) }
        return headers
    }

    /// Checks the head of the server's response.
    ///
    /// - Returns: the subprotocol that the server chose, and what was agreed on for compression.
    /// - Throws: what makes it no answer to this handshake; the connection must be closed then.
    package func verify(
        status: Int,
        headers: some Sequence<(name: String, value: String)>,
        settings: CompressionSettings = CompressionSettings()
    ) throws(ClientHandshakeError) -> (subprotocol: String?, deflate: PerMessageDeflate?) {
        guard status == 101 else { throw .status(status) }
        var upgrades: [Substring] = []
        var connections: [Substring] = []
        var acceptKeys: [Substring] = []
        var chosen: [String] = []
        var extensionLines: [String] = []
        for (name, value) in headers {
            switch name.lowercased() {
            case "upgrade": upgrades += HeaderSyntax.listElements(value)
            case "connection": connections += HeaderSyntax.listElements(value)
            case "sec-websocket-accept": acceptKeys.append(HeaderSyntax.trimmed(value))
            case "sec-websocket-protocol": chosen.append(String(HeaderSyntax.trimmed(value)))
            case "sec-websocket-extensions": extensionLines.append(value)
            default: break
            }
        }
        guard upgrades.count == 1, upgrades.allSatisfy({ HeaderSyntax.equalIgnoringCase($0, "websocket") }),
            connections.contains(where: { HeaderSyntax.equalIgnoringCase($0, "upgrade") })
        else { throw .noUpgrade }
        guard acceptKeys == [Substring(WebSocketHandshake.acceptKey(for: self.key))] else { throw .wrongAcceptKey }
        guard chosen.count <= 1, chosen.allSatisfy(self.subprotocols.contains) else {
            throw .unexpectedSubprotocol(chosen.joined(separator: ", "))
        }
        guard let extensions = ExtensionOffer.parse(extensionLines), self.offersDeflate || extensions.isEmpty else {
            throw .invalidExtension(extensionLines.joined(separator: ", "))
        }
        return (chosen.first, try DeflateNegotiation.accept(extensions, settings: settings))
    }
}
