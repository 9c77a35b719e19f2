/// TLS on a listener: absolute paths of PEM files that existed when the configuration was read.
package struct ListenTLS: Sendable, Hashable {
    /// The bridge's certificate, then those between it and a root.
    package let certificate: String
    /// The certificate's private key.
    package let key: String
    /// The authorities that sign clients' certificates; nil: clients are asked for none.
    package let clientCA: String?
    /// Whether a client without a certificate is refused. Only with `clientCA`.
    package let clientCertificate: ClientCertificate

    /// What becomes of a client that shows no certificate.
    package enum ClientCertificate: String, Sendable, CaseIterable {
        case required, optional
    }

    static let keys = ["certificate", "key", "clientCA", "clientCertificate"]

    init?(reading field: Field) {
        guard let section = field.section(keys: Self.keys) else { return nil }
        let certificate = section.required("certificate")?.existingFile(.certificates)
        let key = section.required("key")?.existingFile(.privateKey)
        section["key"]?.checkKey(key, of: certificate)
        clientCA = section["clientCA"]?.existingFile(.certificates)
        clientCertificate = section["clientCertificate"]?.choice(ClientCertificate.self) ?? .required
        if section["clientCA"] == nil {
            section["clientCertificate"]?.fail(
                "has no meaning without clientCA",
                hint: "name the file of the authorities that sign clients' certificates"
            )
        }
        guard let certificate, let key else { return nil }
        self.certificate = certificate
        self.key = key
    }
}
