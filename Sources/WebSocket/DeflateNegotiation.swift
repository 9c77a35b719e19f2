/// The negotiation of permessage-deflate (RFC 7692 §7.1), for both ends.
package enum DeflateNegotiation {
    /// The extension's registered name.
    package static let extensionName = "permessage-deflate"

    /// The four parameters of an offer or a response, checked one by one.
    private struct Parameters {
        var serverNoTakeover = false
        var clientNoTakeover = false
        var serverWindowBits: Int?
        /// `.some(nil)`: the parameter without a value, which only an offer may have.
        var clientWindowBits: Int??

        /// Nil where a parameter is unknown, stands twice, or has a value that it can't have: then an offer is
        /// declined (§7.1, "MUST decline"), and a response fails the connection.
        init?(_ offer: ExtensionOffer) {
            var seen: Set<String> = []
            for parameter in offer.parameters {
                guard seen.insert(parameter.name).inserted else { return nil }
                switch parameter.name {
                case "server_no_context_takeover":
                    guard parameter.value == nil else { return nil }
                    self.serverNoTakeover = true
                case "client_no_context_takeover":
                    guard parameter.value == nil else { return nil }
                    self.clientNoTakeover = true
                case "server_max_window_bits":
                    guard let bits = Parameters.windowBits(parameter.value) else { return nil }
                    self.serverWindowBits = bits
                case "client_max_window_bits":
                    if parameter.value == nil {
                        self.clientWindowBits = .some(nil)
                    } else {
                        guard let bits = Parameters.windowBits(parameter.value) else { return nil }
                        self.clientWindowBits = .some(bits)
                    }
                default:
                    return nil
                }
            }
        }

        /// 8...15, "without leading zeros" (§7.1.2).
        static func windowBits(_ value: String?) -> Int? {
            guard let value, value.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                value.utf8.first != UInt8(ascii: "0"), let bits = Int(value), (8...15).contains(bits)
            else { return nil }
            return bits
        }
    }

    /// The server's answer: the first offer that can be accepted. Nil: none can, or `policy` is `off`; the connection
    /// goes on uncompressed.
    ///
    /// - Parameters:
    ///   - offers: the client's, in its order of preference.
    ///   - policy: what the route wants.
    ///   - settings: how our messages will be compressed.
    /// - Returns: what was agreed on, and the value for the `Sec-WebSocket-Extensions` header of the response.
    package static func answer(
        _ offers: [ExtensionOffer],
        policy: CompressionPolicy,
        settings: CompressionSettings = CompressionSettings()
    ) -> (agreed: PerMessageDeflate, header: String)? {
        guard policy != .off else { return nil }
        for offer in offers where offer.name == self.extensionName {
            guard let asked = Parameters(offer) else { continue }
            // Either end's takeover may be refused even where the client did not offer to do without (§7.1.1).
            let serverNoTakeover = policy == .shared || asked.serverNoTakeover
            let clientNoTakeover = policy == .shared || asked.clientNoTakeover
            var response: [ExtensionOffer.Parameter] = []
            if serverNoTakeover { response.append(.init("server_no_context_takeover")) }
            if clientNoTakeover { response.append(.init("client_no_context_takeover")) }
            if let bits = asked.serverWindowBits { response.append(.init("server_max_window_bits", "\(bits)")) }
            // client_max_window_bits is not answered: we inflate any window. A value in the offer is the client's word
            // that it will use no more (§7.1.2.2).
            let agreed = PerMessageDeflate(
                outgoingTakeover: !serverNoTakeover,
                outgoingWindowBits: asked.serverWindowBits ?? 15,
                incomingTakeover: !clientNoTakeover,
                settings: settings
            )
            return (agreed, ExtensionOffer(name: self.extensionName, parameters: response).description)
        }
        return nil
    }

    /// The client's offer: everything may be asked of us.
    package static let clientOffer = "permessage-deflate; client_max_window_bits"

    /// Reads the server's response to `clientOffer`.
    ///
    /// - Returns: what was agreed on; nil inside a success where the server chose no extension.
    /// - Throws: `ClientHandshakeError.invalidExtension` where the response is none to that offer: the client must fail
    ///   the connection (RFC 6455 §9.1, RFC 7692 §7.1).
    package static func accept(
        _ response: [ExtensionOffer],
        settings: CompressionSettings = CompressionSettings()
    ) throws(ClientHandshakeError) -> PerMessageDeflate? {
        guard let first = response.first else { return nil }
        guard response.count == 1, first.name == self.extensionName, let chosen = Parameters(first) else {
            throw .invalidExtension(response.map(\.description).joined(separator: ", "))
        }
        if case .some(.none) = chosen.clientWindowBits { throw .invalidExtension(first.description) }
        return PerMessageDeflate(
            outgoingTakeover: !chosen.clientNoTakeover,
            outgoingWindowBits: (chosen.clientWindowBits ?? nil) ?? 15,
            incomingTakeover: !chosen.serverNoTakeover,
            settings: settings
        )
    }
}
