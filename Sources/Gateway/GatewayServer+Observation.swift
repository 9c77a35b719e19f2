import NIOCore
import Topics

/// What an operator is told of one living topic.
package struct TopicInfo: Sendable, Encodable {
    /// Path and query, as clients name it.
    package let topic: String
    /// The route's path as it is configured.
    package let route: String
    /// The newest version; nil before the first document.
    package let version: String?
    /// Of the document; nil where there is none.
    package let bytes: Int?
    /// `live`, `stale`, or `waiting` before the first document.
    package let state: String
    /// Why there is no document, or why it is stale, in a sentence.
    package let reason: String?
    /// Milliseconds since the upstream last confirmed the document.
    package let age: Int64?
    /// Milliseconds between polls as they are now.
    package let interval: Int?
    /// What came of the newest poll, in the words of `polls_total`; nil before the first.
    package let lastResult: String?
    /// On all event loops.
    package let subscribers: Int
    /// Bytes of bodies that the subscribers would have fetched, each on its own, less those fetched.
    package let bytesSaved: Int
    /// When the newest version had been received, in milliseconds of Unix time.
    package let changedAt: Int64?
    /// Of the RFC 6902 patch that led to the newest version; nil where nobody has needed one.
    package let lastPatchBytes: Int?
}

extension GatewayServer {
    /// The living topics, by name.
    var topicInfos: [TopicInfo] {
        topics.all.map { topic in
            let revision = topic.revision
            let status = topic.status
            let confirmed = topic.confirmedAtMilliseconds
            return TopicInfo(
                topic: topic.key.name,
                route: topic.key.route,
                version: revision?.document.id.text,
                bytes: revision?.document.bytes.count,
                state: revision == nil ? "waiting" : (status?.state ?? .live).rawValue,
                reason: (status?.failure ?? topic.failure)?.reason,
                age: confirmed > 0 ? UnixTime.nowMilliseconds - confirmed : nil,
                interval: topic.intervalMilliseconds,
                lastResult: topic.lastResult?.rawValue,
                subscribers: topic.subscriberCount,
                bytesSaved: topic.bytesSaved,
                changedAt: revision?.atMilliseconds,
                lastPatchBytes: revision?.patchSize
            )
        }.sorted { $0.topic < $1.topic }
    }

    /// Has the topics of this name looked at now; topics of different credentials share a name.
    ///
    /// - Returns: how many there were.
    func poke(_ name: String) -> Int {
        let named = topics.all.filter { $0.key.name == name }
        for topic in named { topic.refresh() }
        return named.count
    }

    /// Over all poll routes.
    var pushLatency: HistogramSnapshot {
        let latency = pollMetrics.map(\.1.latency).reduce(into: LatencyHistogram()) { $0.add($1) }
        return HistogramSnapshot(
            bounds: LatencyHistogram.bounds,
            counts: latency.counts,
            sumSeconds: latency.sumSeconds
        )
    }

    /// All metrics, in the order of the interface's list.
    func metricsText(_ upstream: UpstreamMetrics) -> ByteBuffer {
        var text = MetricsText()
        let gateway = metrics.snapshot
        text.begin("connections", .gauge, "Open connections.")
        for (label, count) in gateway.connections.sorted(by: {
            ($0.key.route, $0.key.transport.rawValue) < ($1.key.route, $1.key.transport.rawValue)
        }) {
            text.sample("connections", [("route", label.route), ("transport", label.transport.rawValue)], count)
        }
        text.begin("connections_total", .counter, "Connections accepted.")
        text.sample("connections_total", gateway.connectionsTotal)
        text.begin("handshakes_rejected_total", .counter, "Connections and upgrades refused.")
        for (reason, count) in gateway.rejected.sorted(by: { $0.key < $1.key }) {
            text.sample("handshakes_rejected_total", [("reason", reason)], count)
        }
        writeTopics(&text)
        text.histogram("poll_duration_seconds", "From the start of a fetch to its last byte.", upstream.durations)
        text.begin("upstream_bytes_total", .counter, "Bytes received from upstreams.")
        text.sample("upstream_bytes_total", upstream.bytesReceived)
        writeTunnels(&text)
        return text.bytes
    }

    private func writeTopics(_ text: inout MetricsText) {
        let routes = pollMetrics
        text.begin("topics", .gauge, "Living topics.")
        for (route, metrics) in routes {
            text.sample("topics", [("route", route)], metrics.topics.load(ordering: .relaxed))
        }
        text.begin("subscribers", .gauge, "Subscriptions to topics.")
        for (route, metrics) in routes {
            text.sample("subscribers", [("route", route)], metrics.subscribers.load(ordering: .relaxed))
        }
        text.begin("polls_total", .counter, "Fetches of upstream documents, by what came of them.")
        for (route, metrics) in routes {
            for (result, counter) in metrics.pollsByResult {
                text.sample("polls_total", [("route", route), ("result", result)], counter)
            }
        }
        text.begin(
            "polls_saved_total",
            .counter,
            "Fetches that subscribers would have made, each on its own, less those made."
        )
        for (route, metrics) in routes {
            text.sample("polls_saved_total", [("route", route)], metrics.pollsSaved.load(ordering: .relaxed))
        }
        text.begin("deliveries_total", .counter, "Messages and events written to subscribers.")
        for (route, metrics) in routes {
            for (kind, count) in metrics.deliveriesByKind.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                text.sample("deliveries_total", [("route", route), ("kind", kind.rawValue)], count)
            }
        }
        text.begin("delivered_bytes_total", .counter, "Their bytes, before a connection's own compression.")
        for (route, metrics) in routes {
            text.sample("delivered_bytes_total", [("route", route)], metrics.deliveredBytes.load(ordering: .relaxed))
        }
        text.begin("conflated_total", .counter, "Versions that a slow subscriber never saw because a newer one came.")
        for (route, metrics) in routes {
            text.sample("conflated_total", [("route", route)], metrics.conflated.load(ordering: .relaxed))
        }
        text.histogram(
            "push_latency_seconds",
            "From a body received to its change written to a subscriber.",
            pushLatency
        )
    }

    private func writeTunnels(_ text: inout MetricsText) {
        text.begin("tunnel_bytes_total", .counter, "Bytes through tunnels.")
        for (route, metrics) in tunnelMetrics {
            text.sample(
                "tunnel_bytes_total",
                [("route", route), ("direction", "to_backend")],
                metrics.bytesToBackend.load(ordering: .relaxed)
            )
            text.sample(
                "tunnel_bytes_total",
                [("route", route), ("direction", "to_client")],
                metrics.bytesToClient.load(ordering: .relaxed)
            )
        }
        text.begin("tunnel_connect_failures_total", .counter, "Backends that could not be connected.")
        for (route, metrics) in tunnelMetrics {
            for (reason, count) in metrics.connectFailures.sorted(by: { $0.key < $1.key }) {
                text.sample("tunnel_connect_failures_total", [("route", route), ("reason", reason)], count)
            }
        }
    }
}
