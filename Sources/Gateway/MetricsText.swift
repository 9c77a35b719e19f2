import NIOCore

/// Writes the Prometheus text format, version 0.0.4.
struct MetricsText {
    private(set) var bytes = ByteBuffer()

    enum Kind: String {
        case counter, gauge, histogram
    }

    /// Begins a metric; its samples follow. `name` is without the prefix that all of ours have.
    mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        bytes.writeString("# HELP pushbridge_\(name) \(help)\n# TYPE pushbridge_\(name) \(kind.rawValue)\n")
    }

    mutating func sample(_ name: String, _ labels: [(String, String)], _ value: some CustomStringConvertible) {
        bytes.writeString("pushbridge_\(name)")
        if !labels.isEmpty {
            bytes.writeString("{")
            for (index, (label, text)) in labels.enumerated() {
                if index > 0 { bytes.writeString(",") }
                let escaped = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing(
                    "\n",
                    with: "\\n"
                )
                bytes.writeString("\(label)=\"\(escaped)\"")
            }
            bytes.writeString("}")
        }
        bytes.writeString(" \(value)\n")
    }

    mutating func sample(_ name: String, _ value: some CustomStringConvertible) {
        sample(name, [], value)
    }

    /// A histogram with its bounds in seconds; `counts` has one more, for what is above the last bound.
    mutating func histogram(_ name: String, _ help: String, _ histogram: HistogramSnapshot) {
        begin(name, .histogram, help)
        var cumulated = 0
        for (bound, count) in zip(histogram.bounds, histogram.counts) {
            cumulated += count
            sample("\(name)_bucket", [("le", "\(bound)")], cumulated)
        }
        let total = histogram.counts.reduce(0, +)
        sample("\(name)_bucket", [("le", "+Inf")], total)
        sample("\(name)_sum", histogram.sumSeconds)
        sample("\(name)_count", total)
    }
}

/// A histogram as it stands.
package struct HistogramSnapshot: Sendable {
    /// Upper bounds in seconds, ascending.
    package let bounds: [Double]
    /// Not cumulated; one more than bounds.
    package let counts: [Int]
    /// All durations together.
    package let sumSeconds: Double

    package init(bounds: [Double], counts: [Int], sumSeconds: Double) {
        self.bounds = bounds
        self.counts = counts
        self.sumSeconds = sumSeconds
    }

    /// An estimate in seconds, as if the values of a bucket were spread evenly over it; what lies above the last bound
    /// counts as that bound. nil where there are no values.
    ///
    /// - Parameter share: 0…1.
    func quantile(_ share: Double) -> Double? {
        let rank = share * Double(counts.reduce(0, +))
        var before = 0.0
        var lower = 0.0
        for (count, upper) in zip(counts, bounds) where rank > 0 {
            if count > 0, before + Double(count) >= rank {
                return lower + (upper - lower) * (rank - before) / Double(count)
            }
            before += Double(count)
            lower = upper
        }
        return rank > 0 ? bounds.last : nil
    }
}

/// What the poller knows and the gateway does not: it is handed in as values.
package struct UpstreamMetrics: Sendable {
    /// How long fetches took, in seconds.
    package let durations: HistogramSnapshot
    /// Bytes of answers from all upstreams, heads and bodies, as they came.
    package let bytesReceived: Int

    package init(durations: HistogramSnapshot, bytesReceived: Int) {
        self.durations = durations
        self.bytesReceived = bytesReceived
    }
}
