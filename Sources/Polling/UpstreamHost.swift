import CCurl

/// Scheme, host and port: what connections and limits belong to, and what a redirect must not leave.
struct UpstreamHost: Hashable, CustomStringConvertible {
    let scheme: String
    let host: String
    let port: String

    var description: String { "\(scheme)://\(host):\(port)" }

    /// Nil for what libcurl cannot read as an `http` or `https` URL.
    init?(url: String) {
        guard let parts = CurlURL(url) else { return nil }
        self.init(parts)
    }

    private init?(_ parts: CurlURL) {
        guard let scheme = parts.part(CURLUPART_SCHEME)?.lowercased(), scheme == "http" || scheme == "https",
            let host = parts.part(CURLUPART_HOST)?.lowercased(), !host.isEmpty,
            let port = parts.part(CURLUPART_PORT)
        else { return nil }
        self.scheme = scheme
        self.host = host
        self.port = port
    }

    /// Where a redirect leads: an absolute URL, resolved against `url` as RFC 3986 section 5 has it, without its
    /// fragment. Throws, with the reason, where it leaves the host.
    static func redirect(from url: String, to location: String) throws(FetchFailure) -> String {
        guard let parts = CurlURL(url), let origin = UpstreamHost(parts) else {
            throw FetchFailure(code: .invalid, reason: "\"\(url)\" is no http or https URL")
        }
        let credentials = parts.credentials
        guard parts.resolve(location), let target = UpstreamHost(parts) else {
            throw FetchFailure(
                code: .invalid,
                reason: "the redirect's Location \"\(location)\" is no http or https URL"
            )
        }
        guard target == origin else {
            throw FetchFailure(
                code: .invalid,
                reason: "the redirect to \(target) leaves \(origin), and is not followed"
            )
        }
        // An absolute Location names no user; it leads to the same host, which asked for one.
        if parts.part(CURLUPART_USER) == nil { parts.credentials = credentials }
        guard let resolved = parts.whole else {
            throw FetchFailure(code: .invalid, reason: "the redirect's Location \"\(location)\" makes no URL")
        }
        return resolved
    }
}

/// A `CURLU` handle (libcurl's URL API, 7.62 and later).
private final class CurlURL {
    private let handle: OpaquePointer

    init?(_ url: String) {
        guard let handle = curl_url() else { return nil }
        self.handle = handle
        guard curl_url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK else { return nil }
    }

    deinit { curl_url_cleanup(handle) }

    func resolve(_ location: String) -> Bool {
        curl_url_set(handle, CURLUPART_URL, location, UInt32(CURLU_URLENCODE)) == CURLUE_OK
            && curl_url_set(handle, CURLUPART_FRAGMENT, nil, 0) == CURLUE_OK
    }

    /// User and password as they stand in the URL, percent-encoded.
    var credentials: (user: String?, password: String?) {
        get { (part(CURLUPART_USER), part(CURLUPART_PASSWORD)) }
        set {
            _ = curl_url_set(handle, CURLUPART_USER, newValue.user, 0)
            _ = curl_url_set(handle, CURLUPART_PASSWORD, newValue.password, 0)
        }
    }

    /// The port is the scheme's own where the URL names none.
    func part(_ part: CURLUPart) -> String? {
        var value: UnsafeMutablePointer<CChar>?
        let flags = part == CURLUPART_PORT ? UInt32(CURLU_DEFAULT_PORT) : 0
        guard curl_url_get(handle, part, &value, flags) == CURLUE_OK, let value else { return nil }
        defer { curl_free(value) }
        return String(cString: value)
    }

    var whole: String? { part(CURLUPART_URL) }
}
