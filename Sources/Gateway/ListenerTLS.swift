import NIOCore
import NIOSSL

/// The certificates of a listener, as they were when it was made.
package struct ListenerTLS: Sendable {
    /// PEM files.
    package struct Files: Sendable, Hashable {
        /// A PEM file: the bridge's certificate, then those between it and a root.
        package let certificate: String
        /// A PEM file: the certificate's private key.
        package let key: String
        /// The authorities that sign clients' certificates; nil: clients are asked for none.
        package let clientCA: String?
        /// Whether a client that shows no certificate is let in.
        package let clientCertificateIsOptional: Bool

        package init(
            certificate: String,
            key: String,
            clientCA: String? = nil,
            clientCertificateIsOptional: Bool = false
        ) {
            self.certificate = certificate
            self.key = key
            self.clientCA = clientCA
            self.clientCertificateIsOptional = clientCertificateIsOptional
        }
    }

    /// A file that is no certificate, no key, or the key of another certificate.
    package struct InvalidFile: Error, Equatable, CustomStringConvertible {
        /// Its path.
        package let file: String
        /// Why it cannot be used, in words that follow the path.
        package let reason: String

        package var description: String { "\(file): \(reason)" }
    }

    let context: NIOSSLContext
    /// Whether clients may choose HTTP/2.
    let offersHTTP2: Bool

    /// Reads the files; blocks.
    ///
    /// - Parameter offersHTTP2: whether clients may choose HTTP/2 (ALPN, RFC 7301).
    /// - Throws: ``InvalidFile``.
    package init(_ files: Files, offersHTTP2: Bool = true) throws(InvalidFile) {
        context = try Self.context(files, protocols: offersHTTP2 ? ["h2", "http/1.1"] : ["http/1.1"])
        self.offersHTTP2 = offersHTTP2
    }

    private static func context(_ files: Files, protocols: [String]) throws(InvalidFile) -> NIOSSLContext {
        let chain = try PEMFile.certificates(files.certificate)
        let key = try PEMFile.privateKey(files.key)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = protocols
        if let authorities = files.clientCA {
            configuration.trustRoots = .certificates(try PEMFile.certificates(authorities))
            configuration.certificateVerification =
                files.clientCertificateIsOptional ? .optionalVerification : .noHostnameVerification
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw PEMFile.mismatch(key: files.key, certificate: files.certificate, error)
        }
    }
}
