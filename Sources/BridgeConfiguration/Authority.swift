import Foundation

/// A host with a port, as it stands in URLs and addresses (RFC 3986 section 3.2).
package struct Authority: Sendable, Equatable, CustomStringConvertible {
    /// Without brackets.
    package let host: String
    /// nil where there is none.
    package let port: Int?

    /// `127.0.0.1:8080`, `[::1]:8080`, or the host alone.
    package var description: String {
        Self.bracketed(host) + (port.map { ":\($0)" } ?? "")
    }

    /// A host as it stands before a port: an IPv6 address in brackets.
    package static func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }

    /// - Parameter host: without brackets; not checked.
    package init(host: String, port: Int?) {
        self.host = host
        self.port = port
    }

    /// Reads `host`, `host:port`, `[IPv6]` or `[IPv6]:port`. Port 0 is refused: nobody can connect to it.
    init(parsing text: String, portRequired: Bool) throws(Mistake) {
        let hostText: Substring
        var rest: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { throw Mistake("\"[\" without \"]\" in the host") }
            hostText = text[text.index(after: text.startIndex)..<end]
            rest = text[text.index(after: end)...]
            guard Self.isIPv6(hostText) else {
                throw Mistake("\(quoted(String(hostText))) in brackets is not an IPv6 address")
            }
        } else {
            let colon = text.firstIndex(of: ":") ?? text.endIndex
            hostText = text[..<colon]
            rest = text[colon...]
            if rest.dropFirst().contains(":"), Self.isIPv6(text[...]) {
                throw Mistake("an IPv6 address stands in brackets", hint: "as in [::1] or [::1]:8080")
            }
            if hostText.isEmpty { throw Mistake("the host is missing") }
        }
        host = try Self.host(String(hostText))
        if rest.isEmpty {
            if portRequired { throw Mistake("the port is missing", hint: "as in \(text):7007") }
            port = nil
            return
        }
        guard rest.removeFirst() == ":" else { throw Mistake("expected \":\" and a port after \"]\"") }
        guard rest.utf8.count <= 5, !rest.isEmpty, rest.utf8.allSatisfy(ASCII.isDigit), let number = Int(rest),
            (1...65535).contains(number)
        else { throw Mistake("the port \(quoted(String(rest))) is not a number from 1 to 65535") }
        port = number
    }

    /// Checks a host that stands alone: a name, an IPv4 address, or an IPv6 address without brackets.
    static func host(_ text: String) throws(Mistake) -> String {
        if text.isEmpty { throw Mistake("the host is empty") }
        if text == "*" { throw Mistake("\"*\" is not a host", hint: "write \"0.0.0.0\" for every IPv4 address") }
        if text.hasPrefix("[") { throw Mistake("a host that stands alone has no brackets") }
        if text.contains(":") {
            guard isIPv6(text[...]) else {
                throw Mistake(
                    "\(quoted(text)) is not a host name or address",
                    hint: "scheme and port do not belong to a host"
                )
            }
            return text
        }
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        if let last = labels.last, !last.isEmpty, last.utf8.allSatisfy(ASCII.isDigit) {
            guard isIPv4(text) else { throw Mistake("\(quoted(text)) is not an IPv4 address") }
            return text
        }
        // A trailing dot makes a name absolute; the underscore is not in RFC 1123, but in many container names.
        let named = labels.last == "" ? labels.dropLast() : labels[...]
        let isName =
            text.utf8.count <= 253 && !named.isEmpty
            && named.allSatisfy { label in
                (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                    && label.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || $0 == 0x2D || $0 == 0x5F }
            }
        guard isName else { throw Mistake("\(quoted(text)) is not a host name or address") }
        return text
    }

    private static func isIPv4(_ text: String) -> Bool {
        var address = in_addr()
        return inet_pton(AF_INET, text, &address) == 1
    }

    private static func isIPv6(_ text: Substring) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET6, String(text), &address) == 1
    }
}
