import Synchronization

/// What a poller has done since it began.
package struct PollerStatistics: Sendable, Equatable {
    /// Requests put on the wire; a redirect that is followed is one more.
    package var requests = 0
    /// Bytes received: headers, and bodies before content decoding.
    package var bytesReceived = 0
    /// Answers to polls that brought a new document.
    package var changed = 0
    /// Answers that brought the same document.
    package var unchanged = 0
    /// Answers with 304.
    package var notModified = 0
    /// Polls that brought no document.
    package var failed = 0
    /// TCP connections opened.
    package var connections = 0
    /// Polls that exist now.
    package var polls = 0
    /// Requests under way now.
    package var inFlight = 0
    /// Requests that wait now for their host's limits.
    package var waiting = 0
    /// How long requests took, from start to last byte.
    package var durations = DurationHistogram()
}

/// Durations in buckets, as Prometheus has them.
package struct DurationHistogram: Sendable, Equatable {
    /// Upper bounds of the buckets, in seconds, inclusive; a last bucket without a bound follows.
    package static let bounds: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    /// Per bucket, not cumulative; one more than `bounds`.
    package private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
    /// All durations together.
    package private(set) var sumSeconds = 0.0
    /// How many durations there are.
    package var count: Int { counts.reduce(0, +) }

    package init() {}

    mutating func record(seconds: Double) {
        let bucket = Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count
        counts[bucket] += 1
        sumSeconds += seconds
    }
}

/// The statistics as the polling thread keeps them and everybody reads them.
final class PollerCounters: Sendable {
    private let statistics = Mutex(PollerStatistics())

    var snapshot: PollerStatistics { statistics.withLock { $0 } }

    func publish(_ now: PollerStatistics) { statistics.withLock { $0 = now } }
}
