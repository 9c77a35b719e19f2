import Foundation
import NIOSSL

/// Certificates and keys in files, for listeners and for backends. Everything here reads, and blocks.
package enum PEMFile {
    /// All certificates of a file; at least one.
    ///
    /// - Throws: ``ListenerTLS/InvalidFile``.
    package static func certificates(_ file: String) throws(ListenerTLS.InvalidFile) -> [NIOSSLCertificate] {
        try checkAccess(file)
        let found = (try? NIOSSLCertificate.fromPEMFile(file)) ?? []
        guard !found.isEmpty else {
            throw ListenerTLS.InvalidFile(
                file: file,
                reason: "holds no certificate in PEM form (it begins with -----BEGIN CERTIFICATE-----)"
            )
        }
        return found
    }

    /// - Throws: ``ListenerTLS/InvalidFile``.
    package static func privateKey(_ file: String) throws(ListenerTLS.InvalidFile) -> NIOSSLPrivateKey {
        try checkAccess(file)
        do {
            return try NIOSSLPrivateKey(file: file, format: .pem)
        } catch {
            throw ListenerTLS.InvalidFile(
                file: file,
                reason:
                    "is no private key in PEM form without a passphrase (it begins with -----BEGIN … PRIVATE KEY-----)"
            )
        }
    }

    /// Checks that a private key is that of a certificate.
    ///
    /// - Throws: ``ListenerTLS/InvalidFile``.
    package static func check(key: String, of certificate: String) throws(ListenerTLS.InvalidFile) {
        let configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try certificates(certificate).map { .certificate($0) },
            privateKey: .privateKey(try privateKey(key))
        )
        do {
            _ = try NIOSSLContext(configuration: configuration)
        } catch {
            throw mismatch(key: key, certificate: certificate, error)
        }
    }

    static func mismatch(key: String, certificate: String, _ error: any Error) -> ListenerTLS.InvalidFile {
        ListenerTLS.InvalidFile(
            file: key,
            reason: "does not belong to the certificate in \(certificate), or cannot be used: \(error)"
        )
    }

    private static func checkAccess(_ file: String) throws(ListenerTLS.InvalidFile) {
        guard FileManager.default.isReadableFile(atPath: file) else {
            throw ListenerTLS.InvalidFile(file: file, reason: "cannot be read")
        }
    }
}
