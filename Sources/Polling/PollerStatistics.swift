import Synchronization

/// What a poller has done since it began.
package struct PollerStatistics: Sendable, Equatable {
    /// Requests put on the wire; a redirect that is followed is one more.
    package var requests = 0
    /// Bytes received: headers, and bodies before content decoding.
    package var bytesReceived = 0
    /// Answers to polls that were changed, unchanged or 304, and polls that failed.
    package var changed = 0
    package var unchanged = 0
    package var notModified = 0
    package var failed = 0
    /// TCP connections opened.
    package var connections = 0
    /// Polls that exist, requests under way, and polls and fetches that wait for their host's limits: as of now.
    package var polls = 0
    package var inFlight = 0
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
    package private(set) var sumSeconds = 0.0
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
