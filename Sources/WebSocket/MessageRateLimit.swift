import NIOCore

/// At most so many messages in such a time: a bucket of that size that fills evenly.
package struct MessageRateLimit: Sendable, Hashable {
    /// 1...
    package var count: Int
    /// Longer than zero.
    package var period: TimeAmount

    /// - Parameters:
    ///   - count: 1...
    ///   - period: longer than zero.
    package init(count: Int, period: TimeAmount) {
        self.count = count
        self.period = period
    }

    /// The bucket of one client; times go in, so that tests need not wait.
    package struct Bucket {
        private let limit: MessageRateLimit
        private var level: Double
        private var checkedAt: NIODeadline

        /// A full one.
        package init(_ limit: MessageRateLimit, now: NIODeadline) {
            self.limit = limit
            level = Double(limit.count)
            checkedAt = now
        }

        /// Whether one more message is within the limit.
        package mutating func takes(at now: NIODeadline) -> Bool {
            refill(at: now)
            guard level >= 1 else { return false }
            level -= 1
            return true
        }

        /// Whether it is as good as a new one.
        package mutating func isFull(at now: NIODeadline) -> Bool {
            refill(at: now)
            return level == Double(limit.count)
        }

        private mutating func refill(at now: NIODeadline) {
            let refill = Double((now - checkedAt).nanoseconds) / Double(limit.period.nanoseconds)
            level = min(Double(limit.count), level + refill * Double(limit.count))
            checkedAt = now
        }
    }
}
