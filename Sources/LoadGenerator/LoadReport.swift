import Histogram

/// What a run found. As JSON its members are those of the properties.
package struct LoadReport: Sendable, Encodable {
    /// A distribution of times, in milliseconds.
    package struct Times: Sendable, Encodable {
        /// How many were measured.
        package let count: Int
        /// The mean.
        package let mean: Double
        /// The 50th, 90th, 99th and 99.9th percentile, and the longest.
        package let p50, p90, p99, p999, max: Double

        init?(_ times: LoadCounts.Times) {
            guard times.totalCount > 0 else { return nil }
            count = Int(times.totalCount)
            mean = Self.milliseconds(times.mean)
            p50 = Self.milliseconds(Double(times.valueAtPercentile(50)))
            p90 = Self.milliseconds(Double(times.valueAtPercentile(90)))
            p99 = Self.milliseconds(Double(times.valueAtPercentile(99)))
            p999 = Self.milliseconds(Double(times.valueAtPercentile(99.9)))
            max = Self.milliseconds(Double(times.maxRecorded))
        }

        /// To the microsecond: the histogram keeps three digits.
        private static func milliseconds(_ nanoseconds: Double) -> Double {
            (nanoseconds / 1000).rounded() / 1000
        }
    }

    /// The connections.
    package struct Connections: Sendable, Encodable {
        /// How many were wanted, were opened, could not be, and ended before the end.
        package let asked, opened, failed, lost: Int
        /// For opening all.
        package let openingSeconds: Double
        /// Why some failed or were lost, and how many each.
        package let reasons: [String: Int]
    }

    /// The messages that came (`fanout`), or came back (`tunnel`), in the time that was measured.
    package struct Messages: Sendable, Encodable {
        /// How many came, and how many were sent.
        package let received, sent: Int
        /// Payload bytes of those that came.
        package let bytes: Int
        /// Over the time that was measured.
        package let perSecond, bytesPerSecond: Double
    }

    /// The side that makes the load.
    package struct Side: Sendable, Encodable {
        /// CPU, in cores, and how many it can use.
        package let cores: Double
        /// See `cores`.
        package let coresAvailable: Int
        /// How busy the whole machine was, 0…1.
        package let machineBusy: Double?
        /// The 99th percentile of how late its event loops were, in milliseconds.
        package let loopLag: Double
        /// Whether the numbers are those of the load side rather than of the server, and why.
        package let isBottleneck: Bool
        /// See `isBottleneck`.
        package let reasons: [String]
    }

    /// `fanout` or `tunnel`.
    package let kind: String
    /// What was connected to.
    package let url: String
    /// How long was measured.
    package let seconds: Double
    /// The connections.
    package let connections: Connections
    /// The messages.
    package let messages: Messages
    /// From the TCP connection's beginning to the handshake's end, in milliseconds.
    package let handshake: Times?
    /// From when a message was due to its arrival, in milliseconds; nil: nothing was sent, or nothing came back.
    package let latency: Times?
    /// From a message's arrival at the first connection to its arrival at each, in milliseconds.
    package let spread: Times?
    /// The side that makes the load.
    package let loadSide: Side
    /// What makes the numbers mean something else than they seem to.
    package let warnings: [String]
    /// Whether something else came back than was sent: then there are no numbers.
    package let isNoEcho: Bool

    init(
        _ plan: LoadPlan,
        _ opened: LoadRun.Opened,
        openingTime: Duration,
        _ counts: LoadCounts,
        elapsed: Duration,
        _ use: LoadSide.Use
    ) {
        let seconds = max(0.001, elapsed / .seconds(1))
        url = plan.url
        self.seconds = (seconds * 1000).rounded() / 1000
        connections = Connections(
            asked: plan.connections,
            opened: opened.sockets.count,
            failed: opened.failures.values.reduce(0, +),
            lost: counts.lost.values.reduce(0, +),
            openingSeconds: ((openingTime / .seconds(1)) * 1000).rounded() / 1000,
            reasons: opened.failures.merging(counts.lost, uniquingKeysWith: +)
        )
        messages = Messages(
            received: counts.messages,
            sent: counts.sent,
            bytes: counts.bytes,
            perSecond: (Double(counts.messages) / seconds * 10).rounded() / 10,
            bytesPerSecond: (Double(counts.bytes) / seconds).rounded()
        )
        handshake = Times(opened.handshakes)
        latency = Times(counts.latency)
        loadSide = Side(
            cores: (use.cores * 100).rounded() / 100,
            coresAvailable: use.available,
            machineBusy: use.machine.map { ($0 * 100).rounded() / 100 },
            loopLag: (Double(use.lag) / 1000).rounded() / 1000,
            isBottleneck: !use.bottlenecks.isEmpty,
            reasons: use.bottlenecks
        )
        isNoEcho = counts.foreign > 0
        var warnings: [String] = []
        switch plan.kind {
        case .fanout(let rate):
            kind = "fanout"
            spread = Times(counts.spread)
            if rate != nil, counts.latency.totalCount == 0 {
                warnings.append("nothing that was sent came back: --rate is for channel routes")
            } else if counts.messages == 0 {
                warnings.append("nothing came: what stands behind the URL did not change in this time")
            }
        case .echo:
            kind = "tunnel"
            spread = nil
            if counts.messages == 0, counts.foreign == 0 {
                warnings.append("nothing came back: the service behind the tunnel has to echo what it gets")
            }
        }
        if !use.bottlenecks.isEmpty {
            warnings.append(
                "the load side is the bottleneck, so the server may do better: "
                    + use.bottlenecks.joined(separator: "; ")
            )
        }
        self.warnings = warnings
    }
}
