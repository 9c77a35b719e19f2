/// What one upstream host is asked to bear: how many requests at once, how many in a second, in what order.
///
/// A host that three requests in a row could not even connect to counts as down: then one request at a time goes
/// through, as a probe; while probes fail, what waits fails with them instead of waiting for its own time-out, and the
/// first one that reaches the host opens the gate again.
struct HostGate {
    enum Admission: Equatable {
        case ticket(Int)
        /// The rate allows the next one at this moment.
        case wait(until: Moment)
        /// Nothing waits, or all places are taken: `finished` or `enqueue` changes that.
        case none
    }

    private(set) var inFlight = 0
    private let places: Int
    private var bucket: TokenBucket?
    private var queue: [Int] = []
    private var head = 0
    private var unreachableInARow = 0

    init(connections: Int, requestsPerSecond: Double?, now: Moment) {
        places = max(1, connections)
        bucket = requestsPerSecond.flatMap { $0 > 0 ? TokenBucket(perSecond: $0, now: now) : nil }
    }

    var isDown: Bool { unreachableInARow >= 3 }
    /// Tickets that wait, withdrawn ones included.
    var waiting: Int { queue.count - head }

    mutating func enqueue(_ ticket: Int) {
        queue.append(ticket)
    }

    /// The next ticket that may go, in the order of `enqueue`. Those for which `isWanted` is false are dropped.
    mutating func admit(now: Moment, isWanted: (Int) -> Bool) -> Admission {
        while head < queue.count, !isWanted(queue[head]) { dropFirst() }
        guard head < queue.count, inFlight < (isDown ? 1 : places) else { return .none }
        if let available = bucket?.take(now: now), available > now { return .wait(until: available) }
        let ticket = queue[head]
        dropFirst()
        inFlight += 1
        return .ticket(ticket)
    }

    /// A follow-up on a place that is already held, such as a redirect: the rate is charged, nothing waits.
    mutating func chargeFollowUp(now: Moment) {
        bucket?.charge(now: now)
    }

    /// A request has ended. `reached` is false where no connection came about. Returns the tickets that fail with it.
    mutating func finished(reached: Bool) -> [Int] {
        inFlight -= 1
        guard !reached else {
            unreachableInARow = 0
            return []
        }
        unreachableInARow += 1
        guard isDown else { return [] }
        defer {
            queue.removeAll()
            head = 0
        }
        return Array(queue[head...])
    }

    /// A request was given up from outside: it says nothing about the host.
    mutating func abandoned() {
        inFlight -= 1
    }

    private mutating func dropFirst() {
        head += 1
        if head > 64, head * 2 > queue.count {
            queue.removeFirst(head)
            head = 0
        }
    }
}

/// A token bucket that holds a tenth of a second's tokens, at least one.
struct TokenBucket {
    private let perToken: Double
    private let capacity: Double
    private var tokens: Double
    private var updated: Moment

    init(perSecond: Double, now: Moment) {
        perToken = 1e9 / perSecond
        capacity = max(1, perSecond / 10)
        tokens = capacity
        updated = now
    }

    /// Takes a token and returns `now`, or takes none and returns when there will be one.
    mutating func take(now: Moment) -> Moment {
        refill(now)
        // What rounding leaves short of a whole token counts as one.
        guard tokens > 1 - 1e-6 else { return now + Nanoseconds(((1 - tokens) * perToken).rounded(.up)) }
        tokens -= 1
        return now
    }

    /// Takes a token that may not be there yet: the next one comes later.
    mutating func charge(now: Moment) {
        refill(now)
        tokens -= 1
    }

    private mutating func refill(_ now: Moment) {
        tokens = min(capacity, tokens + Double(now - updated) / perToken)
        updated = now
    }
}
