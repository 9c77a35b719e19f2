/// One HTTP request to an upstream.
package struct FetchRequest: Sendable {
    /// An `http` or `https` URL; anything else fails as `invalid`.
    package var url: String
    /// An RFC 9110 method token.
    package var method: String
    /// Sent as they stand, besides the ones that libcurl adds (`Host`, `Accept`, `User-Agent`, `Accept-Encoding`).
    /// A name that is no token, or a value with CR, LF or NUL, makes the request `invalid`; nothing is sent then.
    package var headers: [(name: String, value: String)]
    /// nil: none.
    package var body: [UInt8]?
    /// From the name lookup to the last byte, redirects included.
    package var timeout: Duration
    /// Bytes after content decoding; a longer body is cut off while it arrives and fails as `tooLarge`.
    package var maxBody: Int
    /// nil: the system's authorities, and no certificate of the bridge's own.
    package var tls: UpstreamTLS?
    /// Whether a redirect on the same host is followed; else it is the answer.
    package var followsRedirects = true

    package init(
        url: String,
        method: String = "GET",
        headers: [(name: String, value: String)] = [],
        body: [UInt8]? = nil,
        timeout: Duration = .seconds(5),
        maxBody: Int = 8 << 20,
        tls: UpstreamTLS? = nil
    ) {
        self.url = url
        self.method = method
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.maxBody = maxBody
        self.tls = tls
    }
}

/// Paths of PEM files for `https` upstreams; nil means the system's certificate authorities, and no client certificate.
package struct UpstreamTLS: Sendable, Hashable {
    /// The certificate authorities to believe instead of the system's.
    package var ca: String?
    /// The client certificate, with its chain.
    package var certificate: String?
    /// The key of `certificate`; nil where it stands in the same file.
    package var key: String?

    package init(ca: String? = nil, certificate: String? = nil, key: String? = nil) {
        self.ca = ca
        self.certificate = certificate
        self.key = key
    }
}
