/// An http(s) URL with `{name}` parameters in its path and query (RFC 3986).
package struct URLTemplate: Sendable, Equatable, CustomStringConvertible {
    /// One part of the URL.
    package enum Part: Sendable, Equatable {
        /// Goes into the URL as it is.
        case literal(String)
        /// Replaced by the parameter's value, percent-encoded.
        case parameter(String)
    }

    /// The template with the environment filled in. It may hold secrets: do not show it to clients.
    package let text: String
    /// The text in parts; the scheme and the authority are in the first, a literal.
    package let parts: [Part]
    /// Whether the scheme is `https`.
    package let isHTTPS: Bool
    /// Host and port as `host:port`, in lower case and with the scheme's default port filled in: equal for the same
    /// upstream host.
    package var upstreamHost: String { Authority(host: host, port: port).description }
    /// In lower case, and without brackets.
    let host: String
    /// The scheme's own where the text names none.
    let port: Int
    private let hasQuery: Bool

    /// The same as ``text``.
    package var description: String { text }

    /// The names of the parameters.
    package var parameters: Set<String> {
        Set(parts.compactMap { if case .parameter(let name) = $0 { name } else { nil } })
    }

    /// The names in the template's query: of `?a={b}&c=1`, `a` and `c`.
    let queryNames: Set<String>

    /// The URL with the parameters filled in and the query added.
    ///
    /// Every byte that is not unreserved (RFC 3986 section 2.3) is percent-encoded, so no value can leave its
    /// segment or its place in the query.
    ///
    /// - Returns: nil where a parameter has no value, or one that is empty, `.` or `..`: those would change the path
    ///   although no character in them is reserved (RFC 3986 section 5.2.4).
    package func url(parameters: [String: String], query: [(String, String)] = []) -> String? {
        var url = ""
        for part in parts {
            switch part {
            case .literal(let text): url += text
            case .parameter(let name):
                guard let value = parameters[name], !value.isEmpty, value != ".", value != ".." else { return nil }
                url += PercentEncoding.encode(value)
            }
        }
        var separator = hasQuery ? "&" : "?"
        if hasQuery, url.hasSuffix("?") || url.hasSuffix("&") { separator = "" }
        for (name, value) in query {
            url += "\(separator)\(PercentEncoding.encode(name))=\(PercentEncoding.encode(value))"
            separator = "&"
        }
        return url
    }

    init(parsing text: String) throws(Mistake) {
        let lowercased = text.lowercased()
        guard let scheme = ["http://", "https://"].first(where: lowercased.hasPrefix) else {
            throw Mistake("expected a URL that begins with \"http://\" or \"https://\"")
        }
        let afterScheme = text.dropFirst(scheme.count)
        let end = afterScheme.firstIndex { "/?#".contains($0) } ?? afterScheme.endIndex
        // A name and password with a "/" in them end the authority early; what is then taken for the port is secret.
        let maySayAuthority = !text.contains("@")
        let authorityText = afterScheme[..<end]
        if authorityText.contains("{") || authorityText.contains("}") {
            throw Mistake(
                "a parameter cannot be in the scheme, host or port",
                hint: "only in the path and the query"
            )
        }
        let rest = afterScheme[end...]
        if rest.contains("#") {
            throw Mistake("a URL that is fetched has no fragment", hint: "leave out \"#\" and what follows")
        }
        if authorityText.isEmpty { throw Mistake("the URL's host is missing") }
        do throws(Mistake) {
            let authority = try Self.authority(of: authorityText)
            host = authority.host.lowercased()
            port = authority.port ?? (scheme == "https://" ? 443 : 80)
        } catch {
            throw maySayAuthority
                ? error
                : Mistake(
                    "the part before the path is not name:password@host:port",
                    hint: "name and password need percent-encoding"
                )
        }
        isHTTPS = scheme == "https://"
        hasQuery = rest.contains("?")
        let start = scheme + authorityText
        // Without a path, a query would follow the host at once; clients send "/" there (RFC 9110 section 4.2.3).
        let split = try Self.split(rest.hasPrefix("/") ? String(rest) : "/" + rest)
        if case .literal(let first)? = split.first {
            parts = [.literal(start + first)] + split.dropFirst()
        } else {
            parts = [.literal(start)] + split
        }
        self.text = text
        let query = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).dropFirst().first ?? ""
        queryNames = Set(
            query.split(separator: "&").compactMap { pair in
                pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).first
                    .flatMap { PercentEncoding.decode($0) }
            }
        )
    }

    /// Without name and password.
    private static func authority(of text: Substring) throws(Mistake) -> Authority {
        var hostText = text
        if let at = text.lastIndex(of: "@") {
            let isFine = text[..<at].utf8.allSatisfy { byte in
                ASCII.isUnreserved(byte) || "%!$&'()*+,;=:".utf8.contains(byte)
            }
            guard isFine, PercentEncoding.decode(text[..<at]) != nil else {
                throw Mistake("the name and password are not percent-encoded")
            }
            hostText = text[text.index(after: at)...]
        }
        return try Authority(parsing: String(hostText), portRequired: false)
    }

    /// Splits path and query at their parameters and checks each literal's characters.
    private static func split(_ text: String) throws(Mistake) -> [Part] {
        var parts: [Part] = []
        var rest = text[...]
        var inQuery = false
        while !rest.isEmpty {
            if rest.hasPrefix("{") {
                guard let end = rest.firstIndex(of: "}") else { throw Mistake("\"{\" without \"}\"") }
                let name = rest.dropFirst()[..<end]
                guard ASCII.isName(name) else {
                    throw Mistake(
                        "\(quoted("{\(name)}")) is not a parameter",
                        hint: "a literal brace is %7B or %7D"
                    )
                }
                parts.append(.parameter(String(name)))
                rest = rest[rest.index(after: end)...]
            } else {
                let end = rest.firstIndex(of: "{") ?? rest.endIndex
                try checkLiteral(rest[..<end], inQuery: &inQuery)
                parts.append(.literal(String(rest[..<end])))
                rest = rest[end...]
            }
        }
        return parts
    }

    private static func checkLiteral(_ text: Substring, inQuery: inout Bool) throws(Mistake) {
        var bytes = text.utf8[...]
        while let byte = bytes.popFirst() {
            switch byte {
            case 0x25:
                guard let high = bytes.popFirst(), let low = bytes.popFirst(), ASCII.isHexadecimal(high),
                    ASCII.isHexadecimal(low)
                else { throw Mistake("\"%\" without two hexadecimal digits", hint: "a literal % is %25") }
            case 0x3F: inQuery = true
            // Not allowed raw by RFC 3986, but common in queries (filter[x]=) and sent by every client.
            case _ where inQuery && (byte == 0x5B || byte == 0x5D): break
            case _ where ASCII.isUnreserved(byte) || "/:@!$&'()*+,;=".utf8.contains(byte): break
            case _ where byte >= 0x80: throw Mistake("the URL has a character outside ASCII", hint: "percent-encode it")
            default:
                let scalar = Unicode.Scalar(byte)
                throw Mistake(
                    "the URL has the character \(quoted(String(Character(scalar))))",
                    hint: "percent-encode it"
                )
            }
        }
    }
}
