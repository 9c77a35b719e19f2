import NIOCore

/// When the messages of a rate are due. A message that could not be sent in time keeps the time when it was due: what it
/// waited counts as latency.
struct SendingSchedule {
    private let interval: TimeAmount
    private var next: NIODeadline

    /// - Parameters:
    ///   - rate: messages a second, at least 0.001: of a much smaller one the interval would have no number.
    ///   - start: the first one is due within an interval of it.
    init(rate: Double, start: NIODeadline) {
        interval = .nanoseconds(max(1, Int64(1e9 / rate)))
        // Not all connections in the same moment.
        next = start + .nanoseconds(.random(in: 0...interval.nanoseconds))
    }

    /// The time of a message that is due, once; nil: none is.
    mutating func takeDue(_ now: NIODeadline) -> NIODeadline? {
        guard next <= now else { return nil }
        defer { next = next + interval }
        return next
    }

    /// When to look again: not more often than a loop bears.
    func wakeUp(_ now: NIODeadline) -> NIODeadline {
        max(next, now + .milliseconds(1))
    }
}
