import NIOSSL
import Synchronization

/// TLS towards the backends of a tunnel. Files are read when it is made, and again when it is told to; connections that are
/// open keep what they began with. May be used from any thread.
package final class TunnelTLS: Sendable {
    /// What the next connection is to begin with, read and found good.
    package struct Renewal: Sendable {
        fileprivate let tls: TunnelTLS
        fileprivate let context: NIOSSLContext

        /// Puts it in force.
        package func apply() { tls.current.withLock { $0 = context } }
    }

    /// PEM files, by their paths.
    private struct Files {
        let ca: String?
        let certificate: String?
        let key: String?
    }

    private let files: Files
    private let verify: Bool
    private let current: Mutex<NIOSSLContext>
    /// Asked for and checked in place of the backend's host.
    let serverName: String?

    /// For the next connection.
    var context: NIOSSLContext { current.withLock { $0 } }

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
        files = Files(ca: ca, certificate: certificate, key: key)
        self.verify = verify
        self.serverName = serverName
        current = Mutex(try Self.read(files, verify: verify))
    }

    /// Reads the files again; blocks. Nothing changes before the renewal is applied.
    ///
    /// - Throws: as ``init(ca:certificate:key:serverName:verify:)``.
    package func renewal() throws -> Renewal {
        Renewal(tls: self, context: try Self.read(files, verify: verify))
    }

    private static func read(_ files: Files, verify: Bool) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let ca = files.ca { configuration.trustRoots = .certificates(try PEMFile.certificates(ca)) }
        if let certificate = files.certificate, let key = files.key {
            configuration.certificateChain = try PEMFile.certificates(certificate).map { .certificate($0) }
            configuration.privateKey = .privateKey(try PEMFile.privateKey(key))
        }
        if !verify { configuration.certificateVerification = .none }
        return try NIOSSLContext(configuration: configuration)
    }
}
