import Broadcast
import Foundation
import Logging
import NIOCore
import Topics
import WebSocket

/// A connection that can be asked to end in good order. Belongs to one event loop.
protocol LoopConnection: AnyObject {
    /// The bridge stops: tell the client, finish what is under way, close.
    func drain()
    /// The client's credentials have ended, and what it has by them ends too.
    func expire()
    /// Whether it holds topics of these routes besides its own.
    func uses(_ routes: Set<String>) -> Bool
    /// Whether the bridge's stop begins with it, before the time over which connections end.
    var drainsFirst: Bool { get }
}

extension LoopConnection {
    func uses(_ routes: Set<String>) -> Bool { false }
    var drainsFirst: Bool { false }
    func expire() { drain() }
}

/// Everything that the connections of one event loop share. Belongs to that loop; nothing in it is locked.
final class GatewayLoop {
    let loop: any EventLoop
    /// Looked at when it is needed: a reload changes it.
    var settings: GatewaySettings
    private(set) var router: RouteTable
    let topics: LoopTopics
    let logger: Logger
    /// Rooms that have members on this loop.
    let rooms: LoopRooms
    let metrics: GatewayMetrics
    /// Of the connections of all listeners.
    let ledger: ConnectionLedger
    /// nil where nothing is logged.
    let accessLog: AccessLog?
    /// Deadlines of all connections.
    let timers: TimerWheel
    private var connections: [ObjectIdentifier: (connection: any LoopConnection, info: ConnectionInfo)] = [:]
    private var expiry = ExpiryCalendar()
    private var expiryTimer: RepeatedTask?
    private(set) var isDraining = false
    private var quietAboutTLSUntil = NIODeadline.distantPast
    private var dateHeader = ""
    private var dateHeaderIsValidUntil = NIODeadline.distantPast

    init(
        loop: any EventLoop,
        settings: GatewaySettings,
        router: RouteTable,
        registry: TopicRegistry,
        rooms: RoomRegistry,
        metrics: GatewayMetrics,
        ledger: ConnectionLedger,
        accessLog: AccessLog?,
        logger: Logger
    ) {
        self.loop = loop
        self.settings = settings
        self.router = router
        let broadcaster = FrameBroadcaster(usesIOUring: settings.usesIOUring)
        logger.debug("event loop ready", metadata: ["io_uring": "\(broadcaster.usesIOUring)"])
        self.topics = LoopTopics(loop: loop, registry: registry, broadcaster: broadcaster)
        self.timers = TimerWheel(loop: loop)
        self.rooms = LoopRooms(loop: loop, registry: rooms)
        self.metrics = metrics
        self.ledger = ledger
        self.accessLog = accessLog
        self.logger = logger
    }

    func opened(_ connection: any LoopConnection, _ info: ConnectionInfo) {
        connections[ObjectIdentifier(connection)] = (connection, info)
        metrics.opened(info)
        if let time = info.expires { expire(connection, at: time) }
        if isDraining { connection.drain() }
    }

    /// Harmless a second time.
    func closed(_ connection: any LoopConnection) {
        guard let entry = connections.removeValue(forKey: ObjectIdentifier(connection)) else { return }
        metrics.closed(entry.info)
        expiry.remove(ObjectIdentifier(connection))
    }

    /// Ends a connection when its client's credentials end, in milliseconds of Unix time, if it is still there; of
    /// several times the first counts.
    func expire(_ connection: any LoopConnection, at time: Int64) {
        expiry.add(ObjectIdentifier(connection), at: time)
        guard expiryTimer == nil else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        expiryTimer = loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
            bound.value.expireNow()
        }
    }

    private func expireNow() {
        for identifier in expiry.due(at: UnixTime.nowMilliseconds) { connections[identifier]?.connection.expire() }
        guard expiry.isEmpty else { return }
        expiryTimer?.cancel()
        expiryTimer = nil
    }

    /// The end of a connection that outlived its request.
    func closed(_ connection: any LoopConnection, _ end: ConnectionEnd) {
        if let accessLog, let info = connections[ObjectIdentifier(connection)]?.info {
            accessLog.write(AccessRecord(info, end))
        }
        closed(connection)
    }

    /// The open connections of this loop.
    var connectionInfos: [ConnectionInfo] { connections.values.map(\.info) }

    /// The open tunnels of this loop.
    var tunnelInfos: [TunnelInfo] { connections.values.compactMap { ($0.connection as? Tunnel)?.tunnelInfo } }

    /// Takes new routes into use. Connections of the routes in `ended` are told to come back, spread over `duration`;
    /// their topics are left to those connections, so that whoever comes now gets new ones.
    func replace(
        _ router: RouteTable,
        ending ended: Set<String>,
        topics endedTopics: [TopicMetrics],
        over duration: TimeAmount
    ) {
        // A multiplexed connection may hold topics of a route that has ended; the old router knows which.
        let affected =
            ended.isEmpty
            ? [] : connections.values.filter { ended.contains($0.info.route) || $0.connection.uses(ended) }
        self.router = router
        topics.retire(endedTopics)
        drain(affected, over: duration)
    }

    /// Ends all connections, spread over `duration` so that their clients do not come back all at once.
    func drain(over duration: TimeAmount) {
        isDraining = true
        let all = Array(connections.values)
        for entry in all where entry.connection.drainsFirst { entry.connection.drain() }
        drain(all.filter { !$0.connection.drainsFirst }, over: duration)
    }

    private func drain(_ some: [(connection: any LoopConnection, info: ConnectionInfo)], over duration: TimeAmount) {
        guard !some.isEmpty else { return }
        let step = duration.nanoseconds / Int64(some.count)
        for (index, entry) in some.enumerated() {
            let bound = NIOLoopBound(entry.connection, eventLoop: loop)
            loop.scheduleTask(in: .nanoseconds(step * Int64(index))) { bound.value.drain() }
        }
    }

    /// Tells the operator, since the client cannot be told; not more than once a minute, since strangers can make it
    /// happen.
    func metTLSOnPlainListener(_ channel: any Channel) {
        metrics.rejected("tls")
        let now = NIODeadline.now()
        guard now >= quietAboutTLSUntil else { return }
        quietAboutTLSUntil = now + .minutes(1)
        logger.warning(
            "a client speaks TLS to a listener without TLS: let it use http:// or ws://, or give the listener \"tls\"",
            metadata: [
                "listener": "\(channel.localAddress?.description ?? "-")",
                "client": "\(channel.remoteAddress?.ipAddress ?? "-")",
            ]
        )
    }

    /// The value of the `Date` header (RFC 9110 section 5.6.7), made once a second.
    func httpDate() -> String {
        let now = NIODeadline.now()
        if now >= dateHeaderIsValidUntil {
            dateHeader = Self.dateFormat.string(from: Date())
            dateHeaderIsValidUntil = now + .seconds(1)
        }
        return dateHeader
    }

    private static let dateFormat: DateFormatter = {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(identifier: "GMT")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return format
    }()
}
