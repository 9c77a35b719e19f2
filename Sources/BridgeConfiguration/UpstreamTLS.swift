/// Certificates for the connection to an upstream: absolute paths of PEM files that existed when the configuration
/// was read.
package struct UpstreamTLS: Sendable, Equatable {
    /// The authorities to trust instead of the system's.
    package let ca: String?
    /// The bridge's own certificate; only together with `key`.
    package let certificate: String?
    /// Its private key.
    package let key: String?

    static let keys = ["ca", "certificate", "key"]

    init?(reading field: Field) {
        guard let section = field.section(keys: Self.keys) else { return nil }
        ca = section["ca"]?.existingFile(.certificates)
        certificate = section["certificate"]?.existingFile(.certificates)
        key = section["key"]?.existingFile(.privateKey)
        section["key"]?.checkKey(key, of: certificate)
        if (section["certificate"] == nil) != (section["key"] == nil) {
            field.fail("certificate and key belong together")
        }
    }
}
