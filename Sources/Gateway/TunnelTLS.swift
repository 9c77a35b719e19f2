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
    /// - Throws: `ListenerTLS.InvalidFile`, or NIOSSL's error for a key of another certificate.
    package init(
        ca: String? = nil,
        certificate: String? = nil,
        key: String? = nil,
        serverName: String? = nil,
        verify: Bool = true
    ) throws {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let ca { configuration.trustRoots = .certificates(try PEMFile.certificates(ca)) }
        if let certificate, let key {
            configuration.certificateChain = try PEMFile.certificates(certificate).map { .certificate($0) }
            configuration.privateKey = .privateKey(try PEMFile.privateKey(key))
        }
        if !verify { configuration.certificateVerification = .none }
        context = try NIOSSLContext(configuration: configuration)
        self.serverName = serverName
    }
}
