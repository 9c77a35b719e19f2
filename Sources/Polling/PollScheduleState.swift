/// When a poll is due. Fixed rate is a grid of ticks laid out when the poll begins: nothing that happens later moves it.
struct PollScheduleState: Equatable {
    /// The interval in force.
    private(set) var interval: Nanoseconds
    private let rule: Rule
    /// A tick of the grid.
    private let anchor: Moment

    private enum Rule: Equatable {
        case fixed
        case adaptive(min: Nanoseconds, max: Nanoseconds)
    }

    /// What a fetch brought, as far as the pace depends on it.
    enum Outcome {
        case changed, unchanged
    }

    /// `phase`, in 0..<1, is how much of an interval earlier than usual the second fetch comes, and so where the grid
    /// lies: polls that begin together get different ones.
    init(_ schedule: PollSchedule, start: Moment, phase: Double = 0) {
        switch schedule {
        case .every(let interval):
            rule = .fixed
            self.interval = max(Nanoseconds(clamping: interval), .millisecond)
        case .adaptive(let min, let max):
            let least = Swift.max(Nanoseconds(clamping: min), .millisecond)
            rule = .adaptive(min: least, max: Swift.max(Nanoseconds(clamping: max), least))
            interval = least
        }
        anchor = start + -interval.scaled(by: phase)
    }

    /// When to fetch after the fetch that began at `started` and whose outcome was known at `now`. `work` is what it
    /// took the upstream to answer. `jitter` is in 0..<1.
    mutating func next(
        started: Moment,
        work: Nanoseconds,
        now: Moment,
        outcome: Outcome,
        jitter: Double
    ) -> Moment {
        switch rule {
        case .fixed:
            return nextTick(after: now)
        case .adaptive(let min, let max):
            let paced: Nanoseconds
            if work > interval {
                paced = interval.scaled(by: 2)
            } else if work > interval / 2 {
                paced = interval.scaled(by: 1.25)
            } else {
                paced = outcome == .changed ? interval / 2 : interval.scaled(by: 1.25)
            }
            interval = Swift.min(Swift.max(paced, min), max)
            // ±5 %, but never outside of what the operator allows.
            let jittered = Swift.min(Swift.max(interval.scaled(by: 0.95 + 0.1 * jitter), min), max)
            return Swift.max(started + jittered, now)
        }
    }

    /// The first tick of the grid after `now`: ticks that a slow answer covered are gone, the others stay where they are.
    private func nextTick(after now: Moment) -> Moment {
        let ticks = (now - anchor) / interval + 1
        return anchor + ticks * interval
    }
}
