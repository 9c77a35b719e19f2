import Logging
import NIOCore
import NIOPosix
import Synchronization
import Topics

/// Where a listener is to be bound.
package struct ListenerAddress: Sendable, CustomStringConvertible {
    package let host: String
    /// 0…65535; 0 lets the system choose.
    package let port: Int
    /// nil: plain HTTP and WebSocket.
    package let tls: ListenerTLS?
    /// Another process may listen there too (SO_REUSEPORT, socket(7)).
    package let reusesPort: Bool

    package init(host: String, port: Int, tls: ListenerTLS? = nil, reusesPort: Bool = false) {
        self.host = host
        self.port = port
        self.tls = tls
        self.reusesPort = reusesPort
    }

    /// `http://127.0.0.1:8080`, `https://[::1]:8443`.
    package var url: String { "\(tls == nil ? "http" : "https")://\(self)" }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// A listener could not be bound.
package struct BindError: Error, CustomStringConvertible {
    package let address: ListenerAddress
    package let underlying: any Error

    package var description: String {
        let reason =
            switch (underlying as? IOError)?.errnoCode {
            case EADDRINUSE: "the port is in use by another program; stop it or choose another port"
            case EACCES: "not permitted; ports below 1024 need privileges"
            case EADDRNOTAVAIL: "this machine does not have that address"
            default: "\(underlying)"
            }
        return "cannot listen on \(address): \(reason)"
    }
}

/// The listeners and everything that clients reach through them.
package final class GatewayServer: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let settings: GatewaySettings
    private let routes: Mutex<[GatewayRoute]>
    let topics: TopicRegistry
    private let rooms = RoomRegistry()
    private let ledger: ConnectionLedger
    let metrics = GatewayMetrics()
    /// Of the poll routes, by path.
    var pollMetrics: [(route: String, TopicMetrics)] {
        routes.withLock { $0 }.compactMap { route in
            if case .poll(let service) = route.service { (route.pattern.text, service.metrics) } else { nil }
        }
    }
    /// Of the tunnel routes, by path.
    var tunnelMetrics: [(route: String, TunnelMetrics)] {
        routes.withLock { $0 }.compactMap { route in
            if case .tunnel(let service) = route.service { (route.pattern.text, service.metrics) } else { nil }
        }
    }
    private let ready = Atomic<Bool>(false)
    private let logger: Logger
    private let listeners = Mutex<[any Channel]>([])
    private let loops: Mutex<[ObjectIdentifier: NIOLoopBound<GatewayLoop>]> = Mutex([:])

    /// - Parameters:
    ///   - group: its loops carry the connections; it outlives the gateway.
    ///   - topics: of the poll routes.
    package init(
        group: MultiThreadedEventLoopGroup,
        settings: GatewaySettings,
        routes: [GatewayRoute],
        topics: TopicRegistry,
        logger: Logger
    ) {
        self.group = group
        self.settings = settings
        self.routes = Mutex(routes)
        self.topics = topics
        self.logger = logger
        ledger = ConnectionLedger(
            maximum: settings.connections,
            maximumPerAddress: settings.connectionsPerAddress
        )
    }

    /// Binds all listeners; if one cannot be bound, none stays.
    ///
    /// - Returns: the addresses with the real ports, in order.
    /// - Throws: ``BindError``.
    package func start(_ addresses: [ListenerAddress]) async throws -> [ListenerAddress] {
        try await makeLoops()
        var bound: [ListenerAddress] = []
        for address in addresses {
            do {
                let channel = try await bootstrap(address).bind(host: address.host, port: address.port).get()
                listeners.withLock { $0.append(channel) }
                bound.append(
                    ListenerAddress(
                        host: address.host,
                        port: channel.localAddress?.port ?? address.port,
                        tls: address.tls,
                        reusesPort: address.reusesPort
                    )
                )
            } catch {
                await stopListening()
                throw BindError(address: address, underlying: error)
            }
        }
        ready.store(true, ordering: .relaxed)
        return bound
    }

    /// All listeners are bound and the end has not begun. Any thread.
    var isReady: Bool { ready.load(ordering: .relaxed) }

    /// The open connections of all event loops.
    func connectionInfos() async -> [ConnectionInfo] {
        var infos: [ConnectionInfo] = []
        for loop in loops.withLock({ Array($0.values) }) {
            infos += (try? await loop.eventLoop.submit { loop.value.connectionInfos }.get()) ?? []
        }
        return infos.sorted { $0.since < $1.since }
    }

    /// Takes new routes into use; connections, topics and counters of the routes that are the same values as before go
    /// on. Connections of the others are closed with 1001, spread over the drain time.
    ///
    /// - Parameters:
    ///   - routes: all of them from now on.
    ///   - ended: the paths of those that were changed or removed.
    package func replace(routes: [GatewayRoute], ending ended: Set<String>) {
        let endedTopics = pollMetrics.filter { ended.contains($0.route) }.map(\.1)
        self.routes.withLock { $0 = routes }
        let router = RouteTable(routes)
        let drain = settings.drain
        for loop in loops.withLock({ Array($0.values) }) {
            loop.execute { $0.replace(router, ending: ended, topics: endedTopics, over: drain) }
        }
    }

    /// Stops accepting, then ends all connections over the drain time, and returns when they have ended, a moment
    /// after that time at the latest.
    package func stop() async {
        ready.store(false, ordering: .relaxed)
        await stopListening()
        for loop in loops.withLock({ Array($0.values) }) {
            let drain = settings.drain
            loop.execute { $0.drain(over: drain) }
        }
        // A WebSocket's close handshake gets a second beyond the drain time.
        let deadline = ContinuousClock.now + Duration(settings.drain) + .seconds(1)
        while ledger.count > 0, ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(20))
        }
        topics.stopAll()
    }

    private func stopListening() async {
        let channels = listeners.withLock { listeners in
            defer { listeners = [] }
            return listeners
        }
        for channel in channels { try? await channel.close() }
    }

    private func makeLoops() async throws {
        let router = RouteTable(routes.withLock { $0 })
        for loop in group.makeIterator() {
            let bound = try await loop.submit { [self] in
                NIOLoopBound(
                    GatewayLoop(
                        loop: loop,
                        settings: settings,
                        router: router,
                        registry: topics,
                        rooms: rooms,
                        metrics: metrics,
                        logger: logger
                    ),
                    eventLoop: loop
                )
            }.get()
            loops.withLock { $0[ObjectIdentifier(loop)] = bound }
        }
    }

    private func bootstrap(_ address: ListenerAddress) -> ServerBootstrap {
        let tls = address.tls
        let ledger = ledger
        let metrics = metrics
        let loops = loops.withLock { $0 }
        return ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(
                .socketOption(NIOBSDSocket.Option(rawValue: SO_REUSEPORT)),
                value: address.reusesPort ? 1 : 0
            )
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            // An idle connection keeps its last receive buffer: small ones for the many that say little, growing with
            // what a busy one sends.
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 256, initial: 1024, maximum: 65536)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let address = channel.remoteAddress
                    let admission = ledger.enter(address)
                    metrics.accepted()
                    channel.closeFuture.whenComplete { _ in ledger.leave(address) }
                    guard let gateway = loops[ObjectIdentifier(channel.eventLoop)] else {
                        throw ChannelError.inappropriateOperationForState
                    }
                    if let tls { try channel.pipeline.syncOperations.addHandler(TLSEntrance(tls: tls)) }
                    try HTTPConnectionHandler.configure(
                        channel,
                        gateway: gateway.value,
                        admission: admission,
                        isSecure: tls != nil
                    )
                }
            }
    }
}

extension NIOLoopBound where Value == GatewayLoop {
    fileprivate func execute(_ body: @escaping @Sendable (GatewayLoop) -> Void) {
        eventLoop.execute { body(self.value) }
    }
}
