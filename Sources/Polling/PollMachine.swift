/// The life of one poll without its I/O: events go in with their moment, what to do next comes out.
///
///     idle ──due, pollNow──▶ queued ──admitted──▶ fetching ──2xx with a body──▶ judging
///      ▲                                             │ 304, failure                │ verdict
///      └─────────────────────────────────────────────┴─────────────────────────────┘
///
/// `pollNow` while fetching or judging asks for one more fetch right after; in any other state but idle it changes
/// nothing. From every state `stop` leads to stopped, where nothing leads out.
struct PollMachine {
    enum State: Equatable {
        /// Until the moment given.
        case idle(until: Moment)
        /// Waits for its host's limits.
        case queued
        case fetching(since: Moment)
        case judging(Pending)
        case stopped
    }

    /// What is remembered of an answer until its verdict.
    struct Pending: Equatable {
        var started: Moment
        var work: Nanoseconds
        var received: Moment
        var validators: Validators
        var rules: CachingRules
    }

    /// What to do next.
    enum Step: Equatable {
        /// Queue a fetch for the host's limits.
        case fetch
        case sleep(until: Moment)
        case nothing
    }

    private(set) var state: State
    private(set) var schedule: PollScheduleState
    private(set) var backOff = BackOff()
    /// Of the last good answer.
    private(set) var validators = Validators()
    /// `Cache-Control` lifetime of the last good answer, for a 304 that does not repeat it.
    private var storedMaxAge: Nanoseconds?
    /// The upstream's `Retry-After`: nothing is fetched before, not even by `pollNow`.
    private var heldUntil: Moment?
    private var wantsAnother = false
    private let longestHold: Nanoseconds

    /// The first fetch is due at once: act on `.fetch`.
    init(schedule: PollScheduleState, longestHold: Nanoseconds) {
        self.schedule = schedule
        self.longestHold = longestHold
        state = .queued
    }

    /// A moment that `.sleep` asked for has come.
    mutating func woke(now: Moment) -> Step {
        guard case .idle(let until) = state, until <= now else { return .nothing }
        state = .queued
        return .fetch
    }

    mutating func admitted(now: Moment) {
        guard state == .queued else { return }
        state = .fetching(since: now)
    }

    mutating func pollNow(now: Moment) -> Step {
        switch state {
        case .idle(let until):
            let next = max(now, heldUntil ?? now)
            if next == now {
                state = .queued
                return .fetch
            }
            guard next < until else { return .nothing }
            state = .idle(until: next)
            return .sleep(until: next)
        case .fetching, .judging:
            wantsAnother = true
            return .nothing
        case .queued, .stopped:
            return .nothing
        }
    }

    /// A 2xx answer with a body has come; its verdict follows in `judged`.
    mutating func received(validators: Validators, rules: CachingRules, now: Moment) {
        guard case .fetching(let started) = state else { return }
        state = .judging(
            Pending(started: started, work: now - started, received: now, validators: validators, rules: rules)
        )
    }

    /// The verdict on what `received` took.
    mutating func judged(_ outcome: PollScheduleState.Outcome, now: Moment, jitter: Double) -> Step {
        guard case .judging(let pending) = state else { return .nothing }
        validators = pending.validators
        storedMaxAge = pending.rules.maxAge
        return succeeded(pending, outcome, freshness: pending.rules.freshness, now: now, jitter: jitter)
    }

    mutating func judgedInvalid(now: Moment, jitter: Double) -> Step {
        guard case .judging(let pending) = state else { return .nothing }
        return rest(failedAt: now, retryAfter: pending.rules.retryAfter, jitter: jitter)
    }

    /// 304.
    mutating func confirmed(rules: CachingRules, now: Moment, jitter: Double) -> Step {
        guard case .fetching(let started) = state else { return .nothing }
        var rules = rules
        if !rules.hasCacheControl { rules.maxAge = storedMaxAge }
        storedMaxAge = rules.maxAge
        let pending = Pending(
            started: started,
            work: now - started,
            received: now,
            validators: validators,
            rules: rules
        )
        return succeeded(pending, .unchanged, freshness: rules.freshness, now: now, jitter: jitter)
    }

    mutating func failed(retryAfter: Nanoseconds?, now: Moment, jitter: Double) -> Step {
        switch state {
        case .fetching, .queued: return rest(failedAt: now, retryAfter: retryAfter, jitter: jitter)
        case .idle, .judging, .stopped: return .nothing
        }
    }

    /// The host answers again, as another poll found out: a poll that only backs off comes back within `within`.
    mutating func hostRecovered(now: Moment, within: Nanoseconds, jitter: Double) -> Step {
        guard case .idle(let until) = state, backOff.failures > 0 else { return .nothing }
        let next = max(now + within.scaled(by: jitter), heldUntil ?? now)
        guard next < until else { return .nothing }
        state = .idle(until: next)
        return .sleep(until: next)
    }

    mutating func stop() {
        state = .stopped
    }

    private mutating func succeeded(
        _ pending: Pending,
        _ outcome: PollScheduleState.Outcome,
        freshness: Nanoseconds?,
        now: Moment,
        jitter: Double
    ) -> Step {
        backOff.succeeded()
        hold(for: pending.rules.retryAfter, from: pending.received)
        var next = schedule.next(
            started: pending.started,
            work: pending.work,
            now: now,
            outcome: outcome,
            jitter: jitter
        )
        if let freshness { next = max(next, pending.received + min(freshness, longestHold)) }
        if wantsAnother { next = now }
        return settle(until: next, now: now)
    }

    private mutating func rest(failedAt now: Moment, retryAfter: Nanoseconds?, jitter: Double) -> Step {
        hold(for: retryAfter, from: now)
        let wait = backOff.failed(interval: schedule.interval, jitter: jitter)
        return settle(until: wantsAnother ? now : now + wait, now: now)
    }

    private mutating func hold(for retryAfter: Nanoseconds?, from moment: Moment) {
        heldUntil = retryAfter.map { moment + min($0, longestHold) }
    }

    private mutating func settle(until next: Moment, now: Moment) -> Step {
        wantsAnother = false
        let next = max(next, heldUntil ?? next)
        if next <= now {
            state = .queued
            return .fetch
        }
        state = .idle(until: next)
        return .sleep(until: next)
    }
}
