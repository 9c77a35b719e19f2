/// Which web pages may use a route (RFC 6454). It guards browsers' users; other programs send no `Origin`.
package enum OriginPolicy: Sendable, Equatable {
    /// No `Origin` header, or the one of the page that came from here.
    case sameOrigin
    /// These as well, each such as `https://app.example`.
    case listed([String])
    case any

    /// - Parameters:
    ///   - origin: the `Origin` header; nil where there is none.
    ///   - host: the `Host` header.
    func allows(origin: String?, host: String?) -> Bool {
        guard let origin else { return true }
        switch self {
        case .any: return true
        case .listed(let origins):
            return origins.contains(origin.lowercased()) || Self.isSame(origin: origin, host: host)
        case .sameOrigin:
            return Self.isSame(origin: origin, host: host)
        }
    }

    private static func isSame(origin: String, host: String?) -> Bool {
        guard let host = host?.lowercased() else { return false }
        // Behind a proxy that ends TLS the scheme that the page knows is not ours, so host and port decide.
        for (scheme, port) in [("http://", ":80"), ("https://", ":443")] {
            let origin = origin.lowercased()
            guard origin.hasPrefix(scheme) else { continue }
            let authority = String(origin.dropFirst(scheme.count))
            return authority == host || authority + port == host || authority == host + port
        }
        return false
    }
}
