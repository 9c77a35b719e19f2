/// TLS towards the `tls://` backends of a tunnel.
package struct BackendTLS: Sendable, Equatable {
    /// A PEM file of the authorities that are trusted in place of the system's; an absolute path.
    package let ca: String?
    /// A PEM file of the certificate that is shown to the backend; an absolute path. With ``key``.
    package let certificate: String?
    /// Its private key; an absolute path.
    package let key: String?
    /// The name that is asked for (RFC 6066 section 3) and that the certificate must have; nil: the address's host.
    package let serverName: String?
    /// Whether the backend's certificate is checked at all.
    package let verify: Bool

    static let keys = ["ca", "certificate", "key", "serverName", "verify"]

    init?(reading field: Field) {
        guard let section = field.section(keys: Self.keys) else { return nil }
        ca = section["ca"]?.existingFile(.certificates)
        certificate = section["certificate"]?.existingFile(.certificates)
        key = section["key"]?.existingFile(.privateKey)
        section["key"]?.checkKey(key, of: certificate)
        serverName = section["serverName"]?.parsed(Authority.host)
        verify = section["verify"]?.boolean() ?? true
        if (section["certificate"] == nil) != (section["key"] == nil) {
            field.fail("has one of certificate and key", hint: "the two belong together")
        }
    }
}
