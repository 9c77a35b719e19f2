import Glibc
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Topics

/// The listeners and everything that clients reach through them.
package final class GatewayServer: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let settings: Mutex<GatewaySettings>
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
    private let accessLog: AccessLog?
    private let ready = Atomic<Bool>(false)
    let startedAtMilliseconds = UnixTime.nowMilliseconds
    private let logger: Logger
    private let listeners: Listeners
    private let loops: Mutex<[ObjectIdentifier: NIOLoopBound<GatewayLoop>]> = Mutex([:])

    /// - Parameters:
    ///   - group: its loops carry the connections; it outlives the gateway.
    ///   - topics: of the poll routes.
    ///   - accessLog: nil where nothing is to be logged.
    package init(
        group: MultiThreadedEventLoopGroup,
        settings: GatewaySettings,
        routes: [GatewayRoute],
        topics: TopicRegistry,
        accessLog: AccessLog?,
        logger: Logger
    ) {
        self.group = group
        self.settings = Mutex(settings)
        self.routes = Mutex(routes)
        self.topics = topics
        self.accessLog = accessLog
        self.logger = logger
        listeners = Listeners(logger: logger)
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
        let bound = try await bind(addresses)
        await accept(on: bound)
        ready.store(true, ordering: .relaxed)
        return bound.listeners.addresses
    }

    /// Listeners that wait for ``accept(on:)``.
    package struct BoundListeners: Sendable {
        fileprivate let listeners: Listeners.Prepared

        /// What will be opened, with the real ports.
        package var opened: [ListenerAddress] { listeners.opened }
        /// What will be closed, with the real ports.
        package var closed: [ListenerAddress] { listeners.closed }
    }

    /// Binds what is new among these addresses; connections wait there until ``accept(on:)``, before which new rules can
    /// be put in force for them.
    ///
    /// - Throws: ``BindError`` where one cannot be bound: then nothing has changed.
    package func bind(_ addresses: [ListenerAddress]) async throws(BindError) -> BoundListeners {
        BoundListeners(listeners: try await listeners.prepare(addresses, bind: bind))
    }

    /// Listens on these addresses alone from now on. Listeners that did before are not touched, and open connections live
    /// on, also those that came through a listener that is closed now.
    package func accept(on bound: BoundListeners) async {
        await listeners.accept(bound.listeners)
    }

    /// Takes new limits and time-outs into use. Nobody is put out for them: a limit that is passed already refuses
    /// newcomers. What an open WebSocket was given at its start, its largest message and its pings, stays.
    package func apply(_ settings: GatewaySettings) {
        self.settings.withLock { $0 = settings }
        ledger.limit(to: settings.connections, perAddress: settings.connectionsPerAddress)
        for loop in loops.withLock({ Array($0.values) }) { loop.execute { $0.settings = settings } }
    }

    /// All listeners are bound and the end has not begun. Any thread.
    var isReady: Bool { ready.load(ordering: .relaxed) }

    /// Open connections of all kinds. Any thread.
    package var connectionCount: Int { ledger.count }

    /// The open connections of all event loops, the oldest first.
    func connectionInfos() async -> [ConnectionInfo] {
        await gather(\.connectionInfos).sorted { $0.since < $1.since }
    }

    /// The open tunnels of all event loops, the oldest first.
    func tunnelInfos() async -> [TunnelInfo] {
        await gather(\.tunnelInfos).sorted { ($0.since, $0.id) < ($1.since, $1.id) }
    }

    private func gather<Info: Sendable>(_ infos: @escaping @Sendable (GatewayLoop) -> [Info]) async -> [Info] {
        var all: [Info] = []
        for loop in loops.withLock({ Array($0.values) }) {
            all += (try? await loop.eventLoop.submit { infos(loop.value) }.get()) ?? []
        }
        return all
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
        let drain = settings.withLock { $0.drain }
        for loop in loops.withLock({ Array($0.values) }) {
            loop.execute { $0.replace(router, ending: ended, topics: endedTopics, over: drain) }
        }
    }

    /// Stops accepting, then ends all connections over the drain time, and returns when they have ended, a moment
    /// after that time at the latest.
    package func stop() async {
        ready.store(false, ordering: .relaxed)
        await listeners.close()
        let drain = settings.withLock { $0.drain }
        for loop in loops.withLock({ Array($0.values) }) {
            loop.execute { $0.drain(over: drain) }
        }
        // A WebSocket's close handshake gets a second beyond the drain time.
        let deadline = ContinuousClock.now + Duration(drain) + .seconds(1)
        while ledger.count > 0, ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(20))
        }
        topics.stopAll()
    }

    private func makeLoops() async throws {
        let router = RouteTable(routes.withLock { $0 })
        HTTPConnectionHandler.prepareTypes()
        for loop in group.makeIterator() {
            let bound = try await loop.submit { [self] in
                NIOLoopBound(
                    GatewayLoop(
                        loop: loop,
                        settings: settings.withLock { $0 },
                        router: router,
                        registry: topics,
                        rooms: rooms,
                        metrics: metrics,
                        ledger: ledger,
                        accessLog: accessLog,
                        logger: logger
                    ),
                    eventLoop: loop
                )
            }.get()
            loops.withLock { $0[ObjectIdentifier(loop)] = bound }
        }
    }

    @Sendable
    private func bind(_ address: ListenerAddress, _ security: Listeners.Security) async throws -> any Channel {
        guard let socket = address.socket else {
            return try await bootstrap(security)
                .serverChannelOption(.backlog, value: 4096)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .serverChannelOption(
                    .socketOption(NIOBSDSocket.Option(rawValue: SO_REUSEPORT)),
                    value: address.reusesPort ? 1 : 0
                )
                .bind(host: address.host, port: address.port).get()
        }
        let own = fcntl(socket, F_DUPFD_CLOEXEC, 0)
        guard own >= 0 else { throw IOError(errnoCode: errno, reason: "dup") }
        return try await bootstrap(security).withBoundSocket(own).get()
    }

    private func bootstrap(_ security: Listeners.Security) -> ServerBootstrap {
        let ledger = ledger
        let metrics = metrics
        let loops = loops.withLock { $0 }
        return ServerBootstrap(group: group)
            .serverChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Self.setOptions(of: channel)
                    guard let gateway = loops[ObjectIdentifier(channel.eventLoop)] else {
                        throw ChannelError.inappropriateOperationForState
                    }
                    let peer = IPAddress(channel.remoteAddress)
                    // Behind a trusted proxy there are many clients: they are counted by what it says of each request.
                    let address = gateway.value.settings.trustedProxies.contains(peer) ? nil : peer
                    let admission = ledger.enter(address)
                    metrics.accepted()
                    channel.closeFuture.whenComplete { _ in ledger.leave(address, admission) }
                    if admission != .admitted, ledger.isFlooded { throw ChannelError.ioOnClosedChannel }
                    let tls = security.tls
                    let offersHTTP2 = tls?.offersHTTP2 ?? false
                    if let tls {
                        let negotiation =
                            offersHTTP2
                            ? ProtocolNegotiation(gateway: gateway.value, admission: admission, address: address) : nil
                        try channel.pipeline.syncOperations.addHandler(TLSEntrance(tls: tls, negotiation: negotiation))
                    } else {
                        try channel.pipeline.syncOperations.addHandler(PlainEntrance(gateway: gateway.value))
                    }
                    try HTTPConnectionHandler.configure(
                        channel,
                        gateway: gateway.value,
                        admission: admission,
                        isSecure: tls != nil,
                        hasCodec: !offersHTTP2
                    )
                }
            }
    }

    /// On the channel's event loop: as options of the bootstrap each would take futures of its own.
    private static func setOptions(of channel: any Channel) throws {
        guard let options = channel.syncOptions else { return }
        try options.setOption(.tcpOption(.tcp_nodelay), value: 1)
        try options.setOption(.allowRemoteHalfClosure, value: true)
        // A channel keeps the first buffer that it read into for as long as it lives, and with one read at a time no
        // other: a small first one for the many that say little, and larger ones, growing with what a busy client sends,
        // that are given back.
        try options.setOption(.maxMessagesPerRead, value: 1)
        try options.setOption(.recvAllocator, value: ReceiveBufferSizes())
    }
}

extension NIOLoopBound where Value == GatewayLoop {
    fileprivate func execute(_ body: @escaping @Sendable (GatewayLoop) -> Void) {
        eventLoop.execute { body(self.value) }
    }
}
