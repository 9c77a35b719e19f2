import BridgeConfiguration
import Gateway

extension BridgeConfiguration {
    /// Where the gateway is to listen, with the certificates read. Blocks while it reads.
    ///
    /// - Throws: `ExitCode` for a wrong configuration, when every file that is wrong has been named.
    func listenerAddresses() throws -> [ListenerAddress] {
        var isWrong = false
        let addresses = listen.enumerated().map { index, address in
            var tls: ListenerTLS?
            do throws(ListenerTLS.InvalidFile) {
                tls = try address.tls.map { files throws(ListenerTLS.InvalidFile) in
                    try ListenerTLS(ListenerTLS.Files(files))
                }
            } catch {
                Output.error("listen[\(index)].tls: \(error)")
                isWrong = true
            }
            return ListenerAddress(host: address.host, port: address.port, tls: tls, reusesPort: address.reusePort)
        }
        if isWrong { throw ExitStatus.configuration }
        return addresses
    }
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
