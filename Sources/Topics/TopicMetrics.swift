import Synchronization

/// Counters of one route's topics; any thread adds to them, the admin listener reads them.
package final class TopicMetrics: Sendable {
    /// Fetches that brought a new version.
    package let pollsChanged = Atomic<Int>(0)
    /// Fetches whose body said what was known.
    package let pollsUnchanged = Atomic<Int>(0)
    /// Fetches that were answered with 304.
    package let pollsNotModified = Atomic<Int>(0)
    /// Fetches that brought no document.
    package let pollsFailed = Atomic<Int>(0)
    /// Subscriptions that live now.
    package let subscribers = Atomic<Int>(0)
    /// Topics that live now.
    package let topics = Atomic<Int>(0)
    /// Bytes written to subscribers, before a connection's own compression.
    package let deliveredBytes = Atomic<Int>(0)
    /// Versions that some subscriber never saw because a newer one overtook them.
    package let conflated = Atomic<Int>(0)
    /// Fetches that the subscribers would have made, each on its own, less those that were made.
    package let pollsSaved = Atomic<Int>(0)
    /// Bytes of bodies that those fetches would have brought.
    package let bytesSaved = Atomic<Int>(0)
    private let deliveries = Mutex<[Delivery.Kind: Int]>([:])
    private let latencies = Mutex(LatencyHistogram())

    package init() {}

    /// Counts one fetch.
    func count(_ result: PollResult) {
        switch result {
        case .changed: pollsChanged.wrappingAdd(1, ordering: .relaxed)
        case .unchanged: pollsUnchanged.wrappingAdd(1, ordering: .relaxed)
        case .notModified: pollsNotModified.wrappingAdd(1, ordering: .relaxed)
        case .error: pollsFailed.wrappingAdd(1, ordering: .relaxed)
        }
    }

    /// Adds `count` deliveries of one kind at once: broadcasts count their receivers, not each write.
    func add(deliveries count: Int, of kind: Delivery.Kind, bytes: Int) {
        guard count > 0 else { return }
        deliveries.withLock { $0[kind, default: 0] += count }
        deliveredBytes.wrappingAdd(bytes, ordering: .relaxed)
    }

    /// Notes that `count` subscribers were written a change so long after its body had been received.
    func add(latency: Duration, times count: Int) {
        guard count > 0 else { return }
        latencies.withLock { $0.add(latency, times: count) }
    }

    /// From body received to change written.
    package var latency: LatencyHistogram { latencies.withLock { $0 } }

    /// The values of `polls_total` by its label.
    package var pollsByResult: [(result: String, count: Int)] {
        [
            ("changed", pollsChanged.load(ordering: .relaxed)), ("unchanged", pollsUnchanged.load(ordering: .relaxed)),
            ("not_modified", pollsNotModified.load(ordering: .relaxed)),
            ("error", pollsFailed.load(ordering: .relaxed)),
        ]
    }

    /// Deliveries so far by kind.
    package var deliveriesByKind: [Delivery.Kind: Int] { deliveries.withLock { $0 } }
}

/// How long changes took from their arrival to a subscriber.
package struct LatencyHistogram: Sendable {
    /// Upper bounds in seconds.
    package static let bounds = [
        0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
    ]

    /// Not cumulated; one more than ``bounds``, for what is above the last.
    package private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
    /// All latencies together.
    package private(set) var sumSeconds = 0.0

    package init() {}

    mutating func add(_ latency: Duration, times count: Int) {
        let seconds = latency / .seconds(1)
        counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += count
        sumSeconds += seconds * Double(count)
    }

    /// Adds another's counts.
    package mutating func add(_ other: LatencyHistogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        sumSeconds += other.sumSeconds
    }
}
