/// A header that is sent with a request.
package struct HTTPHeader: Sendable, Equatable {
    /// A token (RFC 9110 section 5.6.2), as it was written.
    package let name: String
    /// Without control characters except tab, and without white space at its ends.
    package let value: String

    /// Reads `{name: value}`. The value is never shown in a message: it may be a secret.
    static func list(reading field: Field) -> [HTTPHeader] {
        var headers: [HTTPHeader] = []
        for (name, _, field) in field.members(expected: "an object of header names and values") ?? [] {
            do {
                _ = try HTTPToken.parse(name)
            } catch {
                field.fail(error.message, hint: error.hint)
                continue
            }
            if HTTPToken.ownedByBridge.contains(name.lowercased()) {
                field.fail("the bridge sets the header \(name) itself")
            }
            if headers.contains(where: { $0.name != name && $0.name.lowercased() == name.lowercased() }) {
                field.fail("the header \(name) stands twice", hint: "upper and lower case are the same")
            }
            if let value = field.parsed(Self.value) { headers.append(HTTPHeader(name: name, value: value)) }
        }
        return headers
    }

    static func value(_ text: String) throws(Mistake) -> String {
        if text.utf8.contains(where: { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }) {
            throw Mistake("a header's value has no line breaks or control characters")
        }
        guard text.utf8.first.map({ $0 != 0x20 && $0 != 0x09 }) ?? true,
            text.utf8.last.map({ $0 != 0x20 && $0 != 0x09 }) ?? true
        else { throw Mistake("a header's value has no white space at its ends") }
        return text
    }
}

/// Tokens (RFC 9110 section 5.6.2): names of headers, methods, subprotocols.
enum HTTPToken {
    static func parse(_ text: String) throws(Mistake) -> String {
        let isToken =
            !text.isEmpty
            && text.utf8.allSatisfy {
                ASCII.isLetter($0) || ASCII.isDigit($0) || "!#$%&'*+-.^_`|~".utf8.contains($0)
            }
        guard isToken else {
            throw Mistake("\(quoted(text)) is not a token", hint: "letters, digits and !#$%&'*+-.^_`|~ only")
        }
        return text
    }

    /// Headers of the connection and of the message's framing (RFC 9110 section 7.6.1, RFC 6455 section 4.1), and
    /// those that the polling itself uses; in lower case.
    static let ownedByBridge: Set<String> = [
        "accept-encoding", "connection", "content-length", "expect", "http2-settings", "if-match", "if-modified-since",
        "if-none-match", "if-range", "if-unmodified-since", "keep-alive", "proxy-authenticate", "proxy-authorization",
        "proxy-connection", "range", "sec-websocket-accept", "sec-websocket-extensions", "sec-websocket-key",
        "sec-websocket-protocol", "sec-websocket-version", "te", "trailer", "transfer-encoding", "upgrade",
    ]

    /// The name of a client's header that may be passed on, in lower case.
    static func forwardable(_ text: String) throws(Mistake) -> String {
        let name = try parse(text).lowercased()
        if name == "host" {
            throw Mistake("Host cannot be passed on", hint: "the upstream's own name goes there")
        }
        if ownedByBridge.contains(name) {
            throw Mistake("\(text) cannot be passed on", hint: "it belongs to one connection, or to the polling")
        }
        return name
    }
}
