import Foundation
import NIOCore
import NIOPosix
import NIOSSL

/// Opens the connections of one route to its backends.
struct TunnelConnector: Sendable {
    /// For one backend, TLS included.
    let timeout: TimeAmount
    let tls: TunnelTLS?
    let allow: [TunnelAllowance]
    let health = BackendHealth()

    /// Tries the destinations in turn.
    ///
    /// - Parameters:
    ///   - header: sent first of all; nil: nothing.
    ///   - configure: adds the handlers that take the backend's bytes, on `loop`.
    func connect(
        to destinations: ArraySlice<TunnelDestination>,
        on loop: any EventLoop,
        header: ByteBuffer?,
        configure: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        guard let destination = destinations.first else {
            return loop.makeFailedFuture(ChannelError.inappropriateOperationForState)
        }
        let attempt = Attempt(
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
            // A backend that clients choose is theirs to try again.
            if !destination.isChosenByClient, !(error is TunnelFailure.NotAllowed) {
                health.failed(destination.backend)
            }
            if rest.isEmpty { return loop.makeFailedFuture(error) }
            return connect(to: rest, on: loop, header: header, configure: configure)
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

/// One try to reach one backend.
private struct Attempt: Sendable {
    let connector: TunnelConnector
    let destination: TunnelDestination
    let loop: any EventLoop
    let header: ByteBuffer?
    let configure: @Sendable (any Channel) throws -> Void

    func run() -> EventLoopFuture<any Channel> {
        switch destination.backend.place {
        case .unix(let path):
            connect { $0.connect(unixDomainSocketPath: path) }
        case .host where !destination.isChosenByClient:
            // NIO asks the resolver each time, and tries IPv6 and IPv4 side by side (RFC 8305).
            connect { $0.connect(host: destination.host, port: destination.port) }
        case .host:
            NIOThreadPool.singleton.runIfActive(eventLoop: loop) {
                let addresses = try TunnelConnector.addresses(of: destination.host, port: destination.port)
                try connector.check(addresses, of: destination.host, port: destination.port)
                return addresses
            }
            .flatMap { connect(toAnyOf: $0[...]) }
        }
    }

    /// The addresses that were checked, so that a second answer of the resolver cannot lead elsewhere.
    private func connect(toAnyOf addresses: ArraySlice<SocketAddress>) -> EventLoopFuture<any Channel> {
        guard let address = addresses.first else {
            return loop.makeFailedFuture(TunnelFailure.Unresolved(host: destination.host))
        }
        let rest = addresses.dropFirst()
        return connect { $0.connect(to: address) }.flatMapError { error in
            rest.isEmpty ? loop.makeFailedFuture(error) : connect(toAnyOf: rest)
        }
    }

    private func connect(
        _ start: @Sendable (ClientBootstrap) -> EventLoopFuture<any Channel>
    ) -> EventLoopFuture<any Channel> {
        let ready = loop.makePromise(of: Void.self)
        var bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(connector.timeout)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.autoRead, value: false)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try addHandlers(to: channel, ready: ready) }
            }
        if case .host = destination.backend.place {
            bootstrap =
                bootstrap
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(.socketOption(.so_keepalive), value: 1)
        }
        return start(bootstrap).flatMapError { error in
            ready.fail(error)
            return loop.makeFailedFuture(error)
        }.flatMap { channel in
            let deadline = loop.scheduleTask(in: connector.timeout) {
                ready.fail(ChannelError.connectTimeout(connector.timeout))
                channel.close(promise: nil)
            }
            return ready.futureResult.always { _ in deadline.cancel() }.map { channel }
        }
    }

    private func addHandlers(to channel: any Channel, ready: EventLoopPromise<Void>) throws {
        let pipeline = channel.pipeline.syncOperations
        if let header { try pipeline.addHandler(PrefaceHandler(header)) }
        if destination.backend.usesTLS {
            guard let tls = connector.tls else { throw ChannelError.inappropriateOperationForState }
            let name = tls.serverName ?? destination.host
            // An address is no server name (RFC 6066 section 3); its certificate is still checked for it.
            let isAddress = (try? SocketAddress(ipAddress: name, port: 0)) != nil
            try pipeline.addHandler(
                NIOSSLClientHandler(context: tls.context, serverHostname: isAddress ? nil : name)
            )
        }
        try pipeline.addHandler(BackendReadinessHandler(usesTLS: destination.backend.usesTLS, ready: ready))
        try configure(channel)
    }
}
