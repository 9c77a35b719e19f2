import CCurl
import Logging

/// Transfers: from a host's gate to libcurl and back.
extension PollingEngine {
    /// Lets the host's gate admit what it can.
    func pump(_ upstream: Upstream, _ now: Moment) {
        while true {
            let admission = upstream.gate.admit(now: now) { ticket in
                polls[ticket]?.machine.state == .queued || fetches[ticket] != nil
            }
            switch admission {
            case .none:
                return
            case .wait(let until):
                guard upstream.alarm == nil else { return }
                upstream.alarm = until
                alarms.add(.gate(upstream.number), due: until)
                return
            case .ticket(let id):
                begin(id, upstream, now)
            }
        }
    }

    private func begin(_ id: Int, _ upstream: Upstream, _ now: Moment) {
        polls[id]?.machine.admitted(now: now)
        guard let transfer = spares.popLast() ?? Transfer(headerLimit: limits.headerBytes) else {
            upstream.gate.abandoned()
            fail(id, FetchFailure(code: .other, reason: "there is no memory for a transfer"), now)
            return
        }
        transfer.owner = id
        transfer.upstream = upstream
        if let poll = polls[id] {
            transfer.prepare(
                poll.request,
                conditions: poll.machine.validators.conditions,
                timeout: Nanoseconds(clamping: poll.request.timeout),
                now: now
            )
        } else if let fetch = fetches[id] {
            transfer.prepare(
                fetch.request,
                conditions: [],
                timeout: max(fetch.deadline - now, .millisecond),
                now: now
            )
        }
        transfers[id] = transfer
        launch(transfer, now)
    }

    private func launch(_ transfer: Transfer, _ now: Moment) {
        statistics.requests += 1
        let result = loop.add(transfer)
        guard result != CURLM_OK else { return }
        let reason = "libcurl takes no transfer: \(String(cString: curl_multi_strerror(result)))"
        logger.error("\(reason)")
        let id = transfer.owner
        abandonTransfer(id)
        fail(id, FetchFailure(code: .other, reason: reason), now)
    }

    /// libcurl is done with a transfer.
    func finished(_ transfer: Transfer, _ result: CURLcode) {
        loop.remove(transfer)
        let now = Moment.now()
        let cost = transfer.account()
        statistics.bytesReceived += cost.bytes
        statistics.connections += cost.connections
        var outcome: Result<Void, FetchFailure> = .success(())
        var reached = true
        if result != CURLE_OK {
            outcome = .failure(transfer.failure(result))
            reached = transfer.hasReachedHost(result)
        } else if let redirect = transfer.redirect {
            switch redirect {
            case .success(let url):
                transfer.upstream?.gate.chargeFollowUp(now: now)
                transfer.follow(to: url, now: now)
                launch(transfer, now)
                return
            case .failure(let refusal):
                // For a single request the redirect itself is the answer.
                if polls[transfer.owner] != nil { outcome = .failure(refusal) }
            }
        }
        statistics.durations.record(seconds: (now - transfer.started).seconds)
        let id = transfer.owner
        transfers[id] = nil
        let upstream = transfer.upstream
        switch outcome {
        case .success: deliver(transfer, now)
        case .failure(let failure): fail(id, failure, now, head: transfer.head)
        }
        recycle(transfer)
        if let upstream { settle(upstream, outcome, reached: reached, now) }
    }

    /// What the end of a request means for others on the same host.
    private func settle(
        _ upstream: Upstream,
        _ outcome: Result<Void, FetchFailure>,
        reached: Bool,
        _ now: Moment
    ) {
        let wasDown = upstream.gate.isDown
        let alike = upstream.gate.finished(reached: reached)
        if case .failure(let failure) = outcome {
            for id in alike { fail(id, failure, now) }
        }
        if wasDown, !upstream.gate.isDown {
            for poll in polls.values where poll.upstream === upstream {
                let step = poll.machine.hostRecovered(
                    now: now,
                    within: min(poll.machine.schedule.interval, 2 * .second),
                    jitter: jitter()
                )
                carryOut(step, poll, now)
            }
        }
        pump(upstream, now)
    }

    private func deliver(_ transfer: Transfer, _ now: Moment) {
        let id = transfer.owner
        if let poll = polls[id] {
            answered(poll, transfer, now)
        } else {
            answerFetch(id, .success(response(transfer, now)))
        }
    }

    private func fail(_ id: Int, _ failure: FetchFailure, _ now: Moment, head: ResponseHead? = nil) {
        if let poll = polls[id] {
            let rules = head.map { CachingRules($0, now: wallClockMilliseconds() / 1000) }
            failed(poll, failure, retryAfter: rules?.retryAfter, now)
        } else {
            answerFetch(id, .failure(failure))
        }
    }

    /// Gives up the transfer of a poll or fetch, if it has one.
    func abandonTransfer(_ id: Int) {
        guard let transfer = transfers.removeValue(forKey: id) else { return }
        loop.remove(transfer)
        let upstream = transfer.upstream
        recycle(transfer)
        guard let upstream else { return }
        upstream.gate.abandoned()
        pump(upstream, .now())
    }

    private func recycle(_ transfer: Transfer) {
        transfer.recycle()
        // Some memory for the next wave, not for the largest there ever was.
        if spares.count < 128 { spares.append(transfer) }
    }

    func upstream(_ host: UpstreamHost, _ now: Moment) -> Upstream {
        if let known = upstreams[host] { return known }
        let gate = HostGate(
            connections: limits.connectionsPerHost,
            requestsPerSecond: limits.requestsPerSecond,
            now: now
        )
        nextUpstream += 1
        let new = Upstream(host: host, number: nextUpstream, gate: gate)
        upstreams[host] = new
        upstreamsByNumber[new.number] = new
        return new
    }

    /// A poll or fetch of this host is gone.
    func leave(_ upstream: Upstream) {
        upstream.users -= 1
        // With a rate to keep, the host stays known: the next one must not find a full bucket.
        if upstream.users == 0, limits.requestsPerSecond == nil {
            upstreams[upstream.host] = nil
            upstreamsByNumber[upstream.number] = nil
        }
    }
}
