import NIOSSL

/// TLS towards the backends of a tunnel. Files are read when it is made.
package struct TunnelTLS: Sendable {
    let context: NIOSSLContext
    /// Asked for and checked in place of the backend's host.
    let serverName: String?

    /// - Parameters:
    ///   - ca: a PEM file of authorities to trust in place of the system's.
    ///   - certificate: a PEM file, leaf first, to show to the backend; with `key`.
    ///   - key: its private key, a PEM file.
    ///   - serverName: nil: the backend's host.
    ///   - verify: whether the backend's certificate is checked.
    /// - Throws: NIOSSL's error for a file that holds no certificate or key.
    package init(
        ca: String? = nil,
        certificate: String? = nil,
        key: String? = nil,
        serverName: String? = nil,
        verify: Bool = true
    ) throws {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let ca { configuration.trustRoots = .file(ca) }
        if let certificate, let key {
            configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) }
            configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
        }
        if !verify { configuration.certificateVerification = .none }
        context = try NIOSSLContext(configuration: configuration)
        self.serverName = serverName
    }
}
