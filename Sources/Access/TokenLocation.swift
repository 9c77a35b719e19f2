/// Where a request carries its token (RFC 6750 section 2, and what browsers can do with a WebSocket).
struct TokenLocation: Sendable {
    /// The cookie's name.
    let cookie: String

    /// The name of the query parameter (RFC 6750 section 2.3).
    static let queryParameter = "access_token"

    /// The first of: `Authorization: Bearer`, the query, the subprotocols, the cookie. So what a client says on purpose
    /// goes before what its browser adds by itself.
    func token(in request: AccessRequest) -> String? {
        for value in request.values(of: "authorization") {
            let parts = value.split(separator: " ", maxSplits: 1)
            if parts.first?.lowercased() == "bearer" {
                return parts.count > 1 ? parts[1].trimmingASCIISpace() : ""
            }
        }
        if let parameter = request.query.first(where: { $0.name == Self.queryParameter }) { return parameter.value }
        let offered = request.values(of: "sec-websocket-protocol").flatMap { $0.split(separator: ",") }
            .map { $0.trimmingASCIISpace() }
        if let token = offered.lazy.compactMap({ SubprotocolToken.token(in: $0) }).first { return token }
        return request.values(of: "cookie").flatMap { $0.split(separator: ";") }.lazy.compactMap { pair -> String? in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0].trimmingASCIISpace() == cookie else { return nil }
            let value = parts[1].trimmingASCIISpace()
            return value.count >= 2 && value.hasPrefix("\"") && value.hasSuffix("\"")
                ? String(value.dropFirst().dropLast()) : value
        }.first
    }
}

/// Tokens among the subprotocols of a handshake: a page cannot set a WebSocket's headers, but it names subprotocols.
///
/// `new WebSocket(url, ["pushbridge.v1", "bearer." + token])`, or the token as a subprotocol of its own.
package enum SubprotocolToken {
    /// The token in a subprotocol's name; nil where there is none.
    static func token(in name: String) -> String? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        // A token's header is a JSON object: `{` and a quote or white space, in base64url.
        guard parts.count >= 3, ["ey", "ew"].contains(where: parts[parts.count - 3].hasPrefix) else { return nil }
        return parts.suffix(3).joined(separator: ".")
    }

    /// Takes the subprotocols apart that a client offers.
    ///
    /// - Returns: those that it speaks, and the one to answer where it speaks none: browsers give up where none of
    ///   theirs is chosen. That is not the token itself, where there is another.
    package static func split(_ offered: [String]) -> (spoken: [String], answerAlone: String?) {
        let tokens = offered.filter { token(in: $0) != nil }
        guard !tokens.isEmpty else { return (offered, nil) }
        let labels = ["access_token", "bearer"]
        let spoken = offered.filter { !tokens.contains($0) && !labels.contains($0.lowercased()) }
        let label = offered.first { labels.contains($0.lowercased()) }
        return (spoken, spoken.isEmpty ? label ?? tokens[0] : nil)
    }
}

extension StringProtocol {
    /// Without spaces and tabs at its ends.
    func trimmingASCIISpace() -> String {
        var text = self[...]
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}
