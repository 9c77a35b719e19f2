/// Which values of the `Origin` header (RFC 6454) a route accepts. Requests without one do not come from a web page
/// and are always accepted.
package enum AllowedOrigins: Sendable, Hashable {
    /// The origin's host and port must be the request's own `Host`.
    case sameOrigin
    /// Every origin.
    case any
    /// These origins, written as browsers serialise them (RFC 6454 section 6.2): scheme and host in lower case,
    /// no default port, no trailing slash. So they compare byte by byte with the header.
    case list([String])

    init?(reading field: Field) {
        if case .string = field.node.value {
            guard let text = field.string() else { return nil }
            guard text == "*" else {
                field.fail("expected a list of origins or \"*\"", hint: "write [\(quoted(text))]")
                return nil
            }
            self = .any
            return
        }
        guard let items = field.list(expected: "a list of origins or \"*\"") else { return nil }
        self = .list(items.compactMap { $0.parsed(Self.origin) })
    }

    static func origin(_ text: String) throws(Mistake) -> String {
        if text == "*" { throw Mistake("\"*\" stands alone", hint: "write \"origins\": \"*\"") }
        if text == "null" {
            throw Mistake("\"null\" cannot be allowed", hint: "every sandboxed page on the web has this origin")
        }
        let parts = text.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let first = parts[0].utf8.first, ASCII.isLetter(first),
            parts[0].utf8.allSatisfy({ ASCII.isLetter($0) || ASCII.isDigit($0) || "+-.".utf8.contains($0) })
        else { throw Mistake("expected an origin such as \"https://app.example\", found \(quoted(text))") }
        if let end = parts[1].firstIndex(where: { "/?#".contains($0) }) {
            throw Mistake("an origin ends after host and port", hint: "leave out \(quoted(String(parts[1][end...])))")
        }
        if parts[1].contains("*") {
            throw Mistake("an origin's host has no wildcard", hint: "list each host")
        }
        let scheme = parts[0].lowercased()
        let authority = try Authority(parsing: String(parts[1]), portRequired: false)
        let defaultPort = ["http": 80, "https": 443][scheme]
        let port = authority.port == defaultPort ? nil : authority.port
        return "\(scheme)://\(Authority(host: authority.host.lowercased(), port: port))"
    }
}
