import BridgeConfiguration
import Gateway

extension BridgeConfiguration {
    /// Where the gateway is to listen, with the certificates read. Blocks while it reads.
    ///
    /// - Parameter inherited: what the process was started with; nil where it is not to listen.
    /// - Throws: every file and socket that is wrong.
    func listenerAddresses(inherited: InheritedListeners?) throws(InvalidListeners) -> [ListenerAddress] {
        var errors: [String] = []
        let addresses = listen.enumerated().map { index, entry in
            var tls: ListenerTLS?
            do throws(ListenerTLS.InvalidFile) {
                tls = try entry.tls.map { files throws(ListenerTLS.InvalidFile) in
                    try ListenerTLS(ListenerTLS.Files(files), offersHTTP2: entry.http2)
                }
            } catch {
                errors.append("listen[\(index)].tls: \(error)")
            }
            do throws(InheritedListeners.NoSuchSocket) {
                if let socket = try inherited?.socket(for: entry) {
                    return ListenerAddress(
                        host: socket.host,
                        port: socket.port,
                        tls: tls,
                        reusesPort: entry.reusePort,
                        socket: socket.descriptor
                    )
                }
            } catch {
                errors.append("listen[\(index)].socket: \(error)")
            }
            return ListenerAddress(host: entry.host, port: entry.port, tls: tls, reusesPort: entry.reusePort)
        }
        guard errors.isEmpty else { throw InvalidListeners(errors: errors) }
        return addresses
    }
}

/// What is wrong with entries of `listen` beyond the text of the configuration.
struct InvalidListeners: Error, CustomStringConvertible {
    /// Each with its place in the configuration.
    let errors: [String]

    var description: String { errors.joined(separator: "\n") }
}

extension ListenerTLS.Files {
    fileprivate init(_ tls: ListenTLS) {
        self.init(
            certificate: tls.certificate,
            key: tls.key,
            clientCA: tls.clientCA,
            clientCertificateIsOptional: tls.clientCertificate == .optional
        )
    }
}
