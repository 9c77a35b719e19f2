/// How often a poll fetches.
package enum PollSchedule: Sendable, Equatable {
    /// Fixed rate, at least 1 ms: a slow answer does not stretch the period, and ticks that it covers are skipped.
    case every(Duration)
    /// Between `min` and `max`: faster while the content changes, slower while it does not or while the upstream is slow.
    case adaptive(min: Duration, max: Duration)
}

/// What a poll fetches, and when.
package struct PollPlan: Sendable {
    /// What is asked each time, besides the conditions of RFC 9110 section 13.
    package var request: FetchRequest
    /// How often.
    package var schedule: PollSchedule

    package init(request: FetchRequest, schedule: PollSchedule) {
        self.request = request
        self.schedule = schedule
    }
}
