import NIOCore
import NIOPosix
import NIOSSL

/// One try to reach one backend.
struct TunnelAttempt: Sendable {
    let connector: TunnelConnector
    let destination: TunnelDestination
    let loop: any EventLoop
    /// Sent first of all; nil: nothing.
    let header: ByteBuffer?
    /// Adds the handlers that take the backend's bytes.
    let configure: @Sendable (any Channel) throws -> Void

    /// On `loop`.
    func run() -> EventLoopFuture<any Channel> {
        ConnectDeadline(connector.timeout, on: loop).limit { reach(within: $0) }
    }

    private func reach(within deadline: ConnectDeadline) -> EventLoopFuture<any Channel> {
        switch destination.backend.place {
        case .unix(let path):
            connect(within: deadline) { $0.connect(unixDomainSocketPath: path) }
        case .host where !destination.isChosenByClient:
            // NIO asks the resolver each time, and tries IPv6 and IPv4 side by side (RFC 8305).
            connect(within: deadline) { $0.connect(host: destination.host, port: destination.port) }
        case .host:
            NIOThreadPool.singleton.runIfActive(eventLoop: loop) {
                let addresses = try TunnelConnector.addresses(of: destination.host, port: destination.port)
                try connector.check(addresses, of: destination.host, port: destination.port)
                return addresses
            }
            .flatMap { connect(toAnyOf: $0[...], within: deadline) }
        }
    }

    /// The addresses that were checked, so that a second answer of the resolver cannot lead elsewhere.
    private func connect(
        toAnyOf addresses: ArraySlice<SocketAddress>,
        within deadline: ConnectDeadline
    ) -> EventLoopFuture<any Channel> {
        guard let address = addresses.first else {
            return loop.makeFailedFuture(TunnelFailure.Unresolved(host: destination.host))
        }
        let rest = addresses.dropFirst()
        return connect(within: deadline) { $0.connect(to: address) }.flatMapError { error in
            rest.isEmpty || deadline.isOver
                ? loop.makeFailedFuture(error) : connect(toAnyOf: rest, within: deadline)
        }
    }

    private func connect(
        within deadline: ConnectDeadline,
        _ start: @Sendable (ClientBootstrap) -> EventLoopFuture<any Channel>
    ) -> EventLoopFuture<any Channel> {
        let ready = loop.makePromise(of: Void.self)
        var bootstrap = ClientBootstrap(group: loop)
            // The deadline says when it is over; this only ends what nobody waits for any more.
            .connectTimeout(connector.timeout)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.autoRead, value: false)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    deadline.guards(channel)
                    try addHandlers(to: channel, ready: ready)
                }
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
        }.flatMap { channel in ready.futureResult.map { channel } }
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
