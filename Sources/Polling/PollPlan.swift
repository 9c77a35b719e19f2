/// How often a poll fetches.
package enum PollSchedule: Sendable, Equatable {
    /// Fixed rate, at least 1 ms: a slow answer does not stretch the period, and ticks that it covers are skipped.
    case every(Duration)
    /// Between `min` and `max`: faster while the content changes, slower while it does not or while the upstream is slow.
    case adaptive(min: Duration, max: Duration)
}

/// What a poll fetches, and when.
package struct PollPlan: Sendable {
    package var request: FetchRequest
    package var schedule: PollSchedule

    package init(request: FetchRequest, schedule: PollSchedule) {
        self.request = request
        self.schedule = schedule
    }
}
