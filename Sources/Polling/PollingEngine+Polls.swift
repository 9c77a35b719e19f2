import Glibc

/// Polls: from their machines to their observers and back.
extension PollingEngine {
    func start(_ beginning: PollBeginning) {
        guard !beginning.shared.isStopped else { return }
        let now = Moment.now()
        let request = beginning.plan.request
        var upstream: Upstream?
        var refusal: FetchFailure?
        do {
            upstream = self.upstream(try request.checkedHost(), now)
        } catch {
            refusal = error
        }
        upstream?.users += 1
        let schedule = PollScheduleState(
            beginning.plan.schedule,
            start: now,
            phase: upstream?.phases.next(now: now) ?? 0
        )
        let poll = RunningPoll(
            beginning,
            PollMachine(schedule: schedule, longestHold: longestHold),
            upstream,
            refusal
        )
        polls[poll.id] = poll
        carryOut(.fetch, poll, now)
    }

    func stop(_ id: Int) {
        guard let poll = polls.removeValue(forKey: id) else { return }
        poll.machine.stop()
        abandonTransfer(id)
        if let upstream = poll.upstream { leave(upstream) }
    }

    func carryOut(_ step: PollMachine.Step, _ poll: RunningPoll, _ now: Moment) {
        switch step {
        case .nothing:
            return
        case .sleep(let until):
            alarms.add(.poll(poll.id), due: until)
            poll.shared.nextAttempt.store(unixMilliseconds(until, now: now), ordering: .relaxed)
        case .fetch:
            poll.shared.nextAttempt.store(0, ordering: .relaxed)
            if let refusal = poll.refusal {
                failed(poll, refusal, retryAfter: nil, now)
            } else if let upstream = poll.upstream {
                upstream.gate.enqueue(poll.id)
                pump(upstream, now)
            }
        }
        poll.shared.interval.store(poll.machine.schedule.interval, ordering: .relaxed)
    }

    func failed(_ poll: RunningPoll, _ failure: FetchFailure, retryAfter: Nanoseconds?, _ now: Moment) {
        let step = poll.machine.failed(retryAfter: retryAfter, now: now, jitter: jitter())
        report(failure, of: poll, step, now)
    }

    /// Tells the observer, then goes on.
    func report(_ failure: FetchFailure, of poll: RunningPoll, _ step: PollMachine.Step, _ now: Moment) {
        statistics.failed += 1
        let wall = wallClockMilliseconds()
        var next = wall
        if case .sleep(let until) = step { next = wall + (until - now) / .millisecond }
        if !poll.shared.isStopped {
            poll.observer.pollFailed(
                PollFailure(
                    code: failure.code,
                    reason: failure.reason,
                    failuresInARow: poll.machine.backOff.failures,
                    atMilliseconds: wall,
                    nextAttemptAtMilliseconds: next
                )
            )
        }
        carryOut(step, poll, now)
    }

    func judged(_ id: Int, _ verdict: PollVerdict) {
        guard let poll = polls[id] else { return }
        let now = Moment.now()
        switch verdict {
        case .changed:
            statistics.changed += 1
            poll.lastBody = poll.unjudgedBody
            carryOut(poll.machine.judged(.changed, now: now, jitter: jitter()), poll, now)
        case .unchanged:
            statistics.unchanged += 1
            poll.lastBody = poll.unjudgedBody
            carryOut(poll.machine.judged(.unchanged, now: now, jitter: jitter()), poll, now)
        case .invalid(let reason):
            let step = poll.machine.judgedInvalid(now: now, jitter: jitter())
            report(FetchFailure(code: .invalid, reason: reason), of: poll, step, now)
        }
    }

    /// Tells the observer, then goes on.
    private func confirm(
        _ poll: RunningPoll,
        _ evidence: PollConfirmation.Evidence,
        _ step: PollMachine.Step,
        wall: Int64,
        _ now: Moment
    ) {
        if !poll.shared.isStopped {
            poll.observer.pollConfirmed(PollConfirmation(evidence: evidence, atMilliseconds: wall))
        }
        carryOut(step, poll, now)
    }

    /// An answer without a libcurl error.
    func answered(_ poll: RunningPoll, _ transfer: Transfer, _ now: Moment) {
        let wall = wallClockMilliseconds()
        let status = transfer.status
        let rules = CachingRules(transfer.head, now: wall / 1000)
        switch status {
        case 304 where !poll.machine.validators.isEmpty:
            let step = poll.machine.confirmed(rules: rules, now: now, jitter: jitter())
            statistics.notModified += 1
            confirm(poll, .notModified, step, wall: wall, now)
        case 200..<300:
            let bytes = transfer.takeBody()
            guard !bytes.isEmpty else {
                let failure = FetchFailure(code: .invalid, reason: "status \(status) with an empty body")
                failed(poll, failure, retryAfter: rules.retryAfter, now)
                return
            }
            let validators = Validators(transfer.head, now: wall / 1000)
            poll.machine.received(validators: validators, rules: rules, now: now)
            let digest = BodyDigest(bytes)
            if let digest, digest == poll.lastBody {
                let step = poll.machine.judged(.unchanged, now: now, jitter: jitter())
                statistics.unchanged += 1
                confirm(poll, .sameBody(bytes: bytes.count), step, wall: wall, now)
                return
            }
            poll.unjudgedBody = digest
            let body = FetchedBody(
                bytes: bytes,
                contentType: transfer.head.first(.contentType),
                receivedAt: .now,
                receivedAtMilliseconds: wall
            )
            if poll.shared.isStopped { return }
            if let verdict = poll.observer.polledAtOnce(body) {
                judged(poll.id, verdict)
                return
            }
            unjudged.append(
                UnjudgedAnswer(poll: poll.id, body: body, observer: poll.observer, shared: poll.shared)
            )
        default:
            let failure = FetchFailure(code: .status(status), reason: "the upstream answered with status \(status)")
            failed(poll, failure, retryAfter: rules.retryAfter, now)
        }
    }

    /// Sends what came in this turn to its observers: one task per core, in which each observer begins right away and
    /// takes a task of its own only where it suspends.
    func handOverAnswers() {
        guard !unjudged.isEmpty else { return }
        let share = (unjudged.count + Self.cores - 1) / Self.cores
        let mailbox = mailbox
        while !unjudged.isEmpty {
            let batch = Array(unjudged.suffix(share))
            unjudged.removeLast(batch.count)
            Task {
                for answer in batch {
                    #if compiler(>=6.2)
                        Task.immediate { await answer.judge(mailbox) }
                    #else
                        Task { await answer.judge(mailbox) }
                    #endif
                }
            }
        }
    }

    private static let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

    func unixMilliseconds(_ moment: Moment, now: Moment) -> Int64 {
        wallClockMilliseconds() + (moment - now) / .millisecond
    }
}
