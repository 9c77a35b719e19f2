import Foundation
import NIOCore
import NIOPosix
import NIOSSL

/// Opens the connections of one route to its backends.
struct TunnelConnector: Sendable {
    /// For one backend: its name's resolution, all of its addresses and TLS.
    let timeout: TimeAmount
    let tls: TunnelTLS?
    let allow: [TunnelAllowance]
    let health = BackendHealth()

    /// Tries the destinations in turn.
    ///
    /// - Parameters:
    ///   - header: sent first of all; nil: nothing.
    ///   - failed: hears of each that could not be reached. On `loop`.
    ///   - configure: adds the handlers that take the backend's bytes, on `loop`.
    func connect(
        to destinations: ArraySlice<TunnelDestination>,
        on loop: any EventLoop,
        header: ByteBuffer?,
        failed: @escaping @Sendable (TunnelDestination, any Error) -> Void = { _, _ in },
        configure: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        guard let destination = destinations.first else {
            return loop.makeFailedFuture(ChannelError.inappropriateOperationForState)
        }
        let attempt = TunnelAttempt(
            connector: self,
            destination: destination,
            loop: loop,
            header: header,
            configure: configure
        )
        let rest = destinations.dropFirst()
        return attempt.run().map { channel in
            health.succeeded(destination.backend)
            return channel
        }.flatMapError { error in
            failed(destination, error)
            // A backend that clients choose is theirs to try again.
            if !destination.isChosenByClient, !(error is TunnelFailure.NotAllowed) {
                health.failed(destination.backend)
            }
            if rest.isEmpty { return loop.makeFailedFuture(error) }
            return connect(to: rest, on: loop, header: header, failed: failed, configure: configure)
        }
    }

    /// All of a name's addresses have to be allowed: a name that leads to one that is not is not to be trusted.
    ///
    /// - Throws: ``TunnelFailure/NotAllowed``.
    func check(_ addresses: [SocketAddress], of host: String, port: Int) throws(TunnelFailure.NotAllowed) {
        for address in addresses {
            let isAllowed = allow.contains { $0.allows(host: host, address: address.ipBytes, port: port) }
            guard isAllowed else {
                throw TunnelFailure.NotAllowed(host: host, address: address.ipAddress ?? "", port: port)
            }
        }
    }

    /// All addresses of a name, as they are now.
    ///
    /// - Throws: `TunnelFailure.Unresolved`. Blocks.
    static func addresses(of host: String, port: Int) throws -> [SocketAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &list) == 0, let first = list else {
            throw TunnelFailure.Unresolved(host: host)
        }
        defer { freeaddrinfo(first) }
        var addresses: [SocketAddress] = []
        for entry in sequence(first: first, next: { $0.pointee.ai_next }) {
            guard let address = entry.pointee.ai_addr else { continue }
            let bytes = UnsafeRawPointer(address)
            switch entry.pointee.ai_family {
            case AF_INET: addresses.append(SocketAddress(bytes.loadUnaligned(as: sockaddr_in.self), host: host))
            case AF_INET6: addresses.append(SocketAddress(bytes.loadUnaligned(as: sockaddr_in6.self), host: host))
            default: break
            }
        }
        guard !addresses.isEmpty else { throw TunnelFailure.Unresolved(host: host) }
        return addresses
    }
}
