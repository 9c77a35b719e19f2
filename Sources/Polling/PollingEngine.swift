import CCurl
import Glibc
import Logging

/// What runs on the polling thread: takes commands, lets each host's gate admit fetches, gives them to libcurl, and
/// brings what comes back to the polls' state machines and observers.
///
///     commands ─▶ PollMachine ─▶ HostGate ─▶ Transfer ─▶ CurlLoop
///                     ▲  alarms                              │
///                     └──────────── answers ◀────────────────┘
final class PollingEngine {
    let mailbox: PollingMailbox
    let loop: CurlLoop
    let counters: PollerCounters
    let limits: UpstreamLimits
    let logger: Logger
    private let injectedJitter: (() -> Double)?
    private var randomness = SplitMix64(seed: .random(in: 0...UInt64.max))
    let longestHold: Nanoseconds

    var polls: [Int: RunningPoll] = [:]
    var fetches: [Int: RunningFetch] = [:]
    var upstreams: [UpstreamHost: Upstream] = [:]
    /// The same, by what alarms name them with.
    var upstreamsByNumber: [Upstream.Number: Upstream] = [:]
    var nextUpstream: Upstream.Number = 0
    var alarms = AlarmQueue<Alarm>()
    /// Transfers under way, by the poll or fetch that they are for.
    var transfers: [Int: Transfer] = [:]
    var spares: [Transfer] = []
    /// Bodies that came in this turn, on their way to their observers.
    var unjudged: [UnjudgedAnswer] = []
    /// As they stand at the end of a turn, others see them.
    var statistics = PollerStatistics()
    private var isShuttingDown = false

    enum Alarm {
        case poll(Int)
        case fetch(Int)
        case gate(Upstream.Number)
    }

    init(
        mailbox: PollingMailbox,
        loop: CurlLoop,
        counters: PollerCounters,
        limits: UpstreamLimits,
        logger: Logger,
        jitter: (() -> Double)?
    ) {
        self.mailbox = mailbox
        self.loop = loop
        self.counters = counters
        self.limits = limits
        self.logger = logger
        injectedJitter = jitter
        longestHold = Nanoseconds(clamping: limits.longestHold)
    }

    /// In 0..<1.
    func jitter() -> Double {
        if let injectedJitter { return injectedJitter() }
        return Double.random(in: 0..<1, using: &randomness)
    }

    func run() {
        while !isShuttingDown {
            loop.wait(until: mailbox.fallAsleep() ? alarms.earliest : .now())
            while let (transfer, result) = loop.nextDone() { finished(transfer, result) }
            for command in mailbox.take() { obey(command) }
            ringAlarms()
            handOverAnswers()
            publish()
        }
        shutDown()
    }

    private func obey(_ command: PollingMailbox.Command) {
        switch command {
        case .start(let beginning): start(beginning)
        case .pollNow(let id):
            guard let poll = polls[id] else { return }
            let now = Moment.now()
            carryOut(poll.machine.pollNow(now: now), poll, now)
        case .stop(let id): stop(id)
        case .verdict(let id, let verdict): judged(id, verdict)
        case .fetch(let id, let request, let answer): startFetch(id, request, answer)
        case .abandonFetch(let id):
            guard fetches[id] != nil else { return }
            abandonTransfer(id)
            answerFetch(id, .failure(.cancelled))
        case .shutDown: isShuttingDown = true
        }
    }

    private func ringAlarms() {
        let now = Moment.now()
        while let alarm = alarms.next(now: now) {
            switch alarm {
            case .poll(let id):
                guard let poll = polls[id] else { continue }
                carryOut(poll.machine.woke(now: now), poll, now)
            case .fetch(let id):
                // Still waiting for its host: libcurl keeps the time of those under way.
                guard fetches[id] != nil, transfers[id] == nil else { continue }
                answerFetch(
                    id,
                    .failure(FetchFailure(code: .timeout, reason: "no turn came within the limits of the host"))
                )
            case .gate(let number):
                guard let upstream = upstreamsByNumber[number] else { continue }
                upstream.alarm = nil
                pump(upstream, now)
            }
        }
        // Alarms of polls that were stopped or woken early stay in the queue until they ring.
        if alarms.count > 2 * (polls.count + fetches.count + upstreams.count) + 1024 {
            alarms.compact { alarm, due in
                switch alarm {
                case .poll(let id): polls[id]?.machine.state == .idle(until: due)
                case .fetch(let id): fetches[id] != nil
                case .gate(let number): upstreamsByNumber[number]?.alarm == due
                }
            }
        }
    }

    private func publish() {
        let waiting = upstreams.values.reduce(0) { $0 + $1.gate.waiting }
        statistics.polls = polls.count
        statistics.inFlight = transfers.count
        statistics.waiting = waiting
        counters.publish(statistics)
    }

    private func shutDown() {
        for poll in polls.values { _ = poll.shared.stop() }
        for transfer in transfers.values { loop.remove(transfer) }
        let unanswered = fetches.values.map(\.answer)
        transfers = [:]
        spares = []
        polls = [:]
        fetches = [:]
        publish()
        for answer in unanswered { answer(.failure(.shutDown)) }
        loop.shut()
        for command in mailbox.shut() {
            switch command {
            case .start(let beginning): _ = beginning.shared.stop()
            case .fetch(_, _, let answer): answer(.failure(.shutDown))
            case .pollNow, .stop, .verdict, .abandonFetch, .shutDown: break
            }
        }
    }
}
