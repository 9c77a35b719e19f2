import NIOCore
import NIOSSL
import Synchronization

/// The certificates of a listener. They can be read again while it listens: connections that are open keep what they
/// have, new ones get the new. Any thread.
package final class ListenerTLS: Sendable {
    /// PEM files.
    package struct Files: Sendable, Hashable {
        package let certificate: String
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
        package let file: String
        package let reason: String

        package var description: String { "\(file): \(reason)" }
    }

    package let files: Files
    private let current: Mutex<NIOSSLContext>

    /// Reads the files; blocks.
    ///
    /// - Throws: ``InvalidFile``.
    package init(_ files: Files) throws(InvalidFile) {
        self.files = files
        current = Mutex(try Self.context(files))
    }

    /// Reads the files of these listeners again; blocks. Where one of them is wrong, nothing changes at any.
    ///
    /// - Throws: ``InvalidFile``.
    package static func reload(_ listeners: [ListenerTLS]) throws(InvalidFile) {
        var contexts: [NIOSSLContext] = []
        for listener in listeners { contexts.append(try context(listener.files)) }
        for (listener, context) in zip(listeners, contexts) { listener.current.withLock { $0 = context } }
    }

    var context: NIOSSLContext { current.withLock { $0 } }

    private static func context(_ files: Files) throws(InvalidFile) -> NIOSSLContext {
        let chain = try certificates(files.certificate)
        let key: NIOSSLPrivateKey
        do {
            key = try NIOSSLPrivateKey(file: files.key, format: .pem)
        } catch {
            throw InvalidFile(
                file: files.key,
                reason:
                    "is no private key in PEM form without a passphrase (it begins with -----BEGIN … PRIVATE KEY-----)"
            )
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        if let authorities = files.clientCA {
            configuration.trustRoots = .certificates(try certificates(authorities))
            configuration.certificateVerification =
                files.clientCertificateIsOptional ? .optionalVerification : .noHostnameVerification
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw InvalidFile(
                file: files.key,
                reason: "does not belong to the certificate in \(files.certificate), or cannot be used: \(error)"
            )
        }
    }

    private static func certificates(_ file: String) throws(InvalidFile) -> [NIOSSLCertificate] {
        let found = (try? NIOSSLCertificate.fromPEMFile(file)) ?? []
        guard !found.isEmpty else {
            throw InvalidFile(
                file: file,
                reason: "holds no certificate in PEM form (it begins with -----BEGIN CERTIFICATE-----)"
            )
        }
        return found
    }
}

/// Stands first on a connection of a TLS listener until the first byte has come: a client that speaks plain HTTP is told
/// so in plain HTTP, everybody else gets TLS. Belongs to its connection's event loop.
final class TLSEntrance: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let tls: ListenerTLS
    private var isRefused = false

    init(tls: ListenerTLS) {
        self.tls = tls
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isRefused, let first = unwrapInboundIn(data).readableBytesView.first else { return }
        // A TLS record that carries a ClientHello begins with 22 (RFC 8446 section 5.1).
        guard first == 22 else {
            refuse(context)
            return
        }
        do {
            try context.pipeline.syncOperations.addHandler(
                NIOSSLServerHandler(context: tls.context),
                position: .after(self)
            )
            context.fireChannelRead(data)
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        } catch {
            context.fireErrorCaught(error)
        }
    }

    private func refuse(_ context: ChannelHandlerContext) {
        isRefused = true
        let text = "This port speaks TLS: use https:// or wss:// instead of http:// or ws://.\n"
        let answer = """
            HTTP/1.1 400 Bad Request\r
            Content-Type: text/plain; charset=utf-8\r
            Content-Length: \(text.utf8.count)\r
            Connection: close\r
            \r
            \(text)
            """
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer))).assumeIsolated().whenComplete { _ in
            LingeringClose.begin(on: channel)
        }
    }
}
