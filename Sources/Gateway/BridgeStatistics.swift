import JSONDelta
import Topics

/// The state of the bridge at one moment: the document that the dashboard shows. Counters count since the start of
/// their route, times are milliseconds of Unix time.
struct BridgeStatistics: Sendable, Encodable {
    /// Connections of one route and kind.
    struct Connections: Sendable, Encodable {
        let route: String
        let transport: ConnectionInfo.Transport
        let open: Int
    }

    /// Over all routes.
    struct Totals: Sendable, Encodable {
        var accepted = 0
        var rejected = 0
        var deliveries = 0
        var deliveredBytes = 0
        var conflated = 0
        /// Requests made to upstreams.
        var polls = 0
        /// Requests that the subscribers would have made, each on its own, less those made.
        var pollsSaved = 0
        /// Bytes received from upstreams.
        var upstreamBytes = 0
        /// Bytes of bodies that those requests would have brought.
        var upstreamBytesSaved = 0
    }

    /// From a body received to its change written to a subscriber, in milliseconds.
    struct PushLatency: Sendable, Encodable {
        /// Upper bounds of the histogram.
        let bounds: [Double]
        /// Not cumulated; one more than bounds.
        let counts: [Int]
        /// Estimated from the histogram; nil where nothing was written yet.
        let p50: Double?
        let p90: Double?
        let p99: Double?

        init(_ histogram: HistogramSnapshot) {
            bounds = histogram.bounds.map { $0 * 1000 }
            counts = histogram.counts
            func milliseconds(_ quantile: Double) -> Double? {
                histogram.quantile(quantile).map { ($0 * 1_000_000).rounded() / 1000 }
            }
            p50 = milliseconds(0.5)
            p90 = milliseconds(0.9)
            p99 = milliseconds(0.99)
        }
    }

    /// One tunnel route.
    struct TunnelRoute: Sendable, Encodable {
        let route: String
        let bytesToBackend: Int
        let bytesToClient: Int
        let connectFailures: Int
    }

    /// A list that is cut where it is long.
    struct List<Item: Sendable & Encodable>: Sendable, Encodable {
        /// Of the whole list.
        let count: Int
        let items: [Item]
    }

    let now: Int64
    /// When the bridge started.
    let started: Int64
    let isReady: Bool
    let connections: [Connections]
    let totals: Totals
    let pushLatency: PushLatency
    /// Those with the most subscribers, by name.
    let topics: List<TopicInfo>
    let tunnelRoutes: [TunnelRoute]
    /// The newest, in the order in which they were opened.
    let tunnels: List<TunnelInfo>

    /// A page shows no more, and each second's document stays small; `/topics` and `/connections` have all.
    static let longestList = 200

    /// By what the items of its lists are told apart, for small patches.
    static var keys: [(pattern: JSONPointerPattern, member: String)] {
        [("/topics/items", "topic"), ("/tunnels/items", "id"), ("/tunnelRoutes", "route")].compactMap { text, member in
            (try? JSONPointerPattern(text)).map { (pattern: $0, member: member) }
        }
    }
}

extension GatewayServer {
    func statistics(_ upstream: UpstreamMetrics) async -> BridgeStatistics {
        let gateway = metrics.snapshot
        let topics = topicInfos
        let tunnels = await tunnelInfos()
        return BridgeStatistics(
            now: UnixTime.nowMilliseconds,
            started: startedAtMilliseconds,
            isReady: isReady,
            connections: gateway.connections.filter { $0.value > 0 }
                .map { .init(route: $0.key.route, transport: $0.key.transport, open: $0.value) }
                .sorted { ($0.route, $0.transport.rawValue) < ($1.route, $1.transport.rawValue) },
            totals: totals(gateway, upstream),
            pushLatency: .init(pushLatency),
            topics: .init(
                count: topics.count,
                items: topics.sorted { $0.subscribers > $1.subscribers }.prefix(BridgeStatistics.longestList)
                    .sorted { $0.topic < $1.topic }
            ),
            tunnelRoutes: tunnelMetrics.map { route, metrics in
                .init(
                    route: route,
                    bytesToBackend: metrics.bytesToBackend.load(ordering: .relaxed),
                    bytesToClient: metrics.bytesToClient.load(ordering: .relaxed),
                    connectFailures: metrics.connectFailures.values.reduce(0, +)
                )
            },
            tunnels: .init(count: tunnels.count, items: tunnels.suffix(BridgeStatistics.longestList))
        )
    }

    private func totals(_ gateway: GatewayMetrics.State, _ upstream: UpstreamMetrics) -> BridgeStatistics.Totals {
        var totals = BridgeStatistics.Totals()
        totals.accepted = gateway.connectionsTotal
        totals.rejected = gateway.rejected.values.reduce(0, +)
        totals.upstreamBytes = upstream.bytesReceived
        for (_, metrics) in pollMetrics {
            totals.deliveries += metrics.deliveriesByKind.values.reduce(0, +)
            totals.deliveredBytes += metrics.deliveredBytes.load(ordering: .relaxed)
            totals.conflated += metrics.conflated.load(ordering: .relaxed)
            totals.polls += metrics.pollsByResult.reduce(0) { $0 + $1.count }
            totals.pollsSaved += metrics.pollsSaved.load(ordering: .relaxed)
            totals.upstreamBytesSaved += metrics.bytesSaved.load(ordering: .relaxed)
        }
        return totals
    }
}
