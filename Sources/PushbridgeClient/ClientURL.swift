import Foundation

/// A ws or wss URL (RFC 6455 section 3), in the parts that a handshake needs. http and https are read as ws and wss.
package struct ClientURL: Equatable {
    let isSecure: Bool
    /// Without brackets.
    let host: String
    let port: Int
    /// Path and query, as they go into the request line.
    let target: String
    /// From `name:password@` in the URL.
    let credentials: String?

    /// As it goes into the Host header: without the scheme's own port.
    var hostHeader: String {
        let name = Self.bracketed(host)
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }

    var address: String { "\(Self.bracketed(host)):\(port)" }

    /// A host as it stands before a port: an IPv6 address in brackets.
    static func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }

    /// - Throws: `ClientConnectionError.invalidURL`, which says what is wrong with it.
    package init(_ text: String) throws(ClientConnectionError) {
        guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased() else {
            throw .invalidURL(text, reason: "a URL such as ws://127.0.0.1:8080/path is expected")
        }
        switch scheme {
        case "ws", "http": isSecure = false
        case "wss", "https": isSecure = true
        default: throw .invalidURL(text, reason: "it begins with ws:// or wss://")
        }
        guard let host = parts.encodedHost?.trimmingCharacters(in: CharacterSet(charactersIn: "[]")), !host.isEmpty
        else { throw .invalidURL(text, reason: "its host is missing") }
        guard parts.fragment == nil else { throw .invalidURL(text, reason: "a WebSocket URL has no fragment") }
        let port = parts.port ?? (isSecure ? 443 : 80)
        guard (1...65535).contains(port) else { throw .invalidURL(text, reason: "its port is not in 1…65535") }
        self.host = host
        self.port = port
        let path = parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath
        target = path + (parts.percentEncodedQuery.map { "?\($0)" } ?? "")
        credentials = parts.user.map { "\($0):\(parts.password ?? "")" }
    }
}
