import Testing

@testable import Polling

@Suite("The life of a poll")
struct PollMachineTests {
    private func machine(interval: Double = 2, longestHold: Double = 3600) -> PollMachine {
        PollMachine(
            schedule: PollScheduleState(.every(.milliseconds(Int(interval * 1000))), start: at(0)),
            longestHold: Nanoseconds(longestHold * 1e9)
        )
    }

    /// A whole good fetch: admitted, answered, judged.
    private func fetch(
        _ machine: inout PollMachine,
        from started: Double,
        to ended: Double,
        _ fields: ResponseHead = head(),
        outcome: PollScheduleState.Outcome = .changed
    ) -> PollMachine.Step {
        machine.admitted(now: at(started))
        machine.received(
            validators: Validators(fields, now: 2_000_000_000),
            rules: CachingRules(fields, now: 0),
            now: at(ended)
        )
        return machine.judged(outcome, now: at(ended), jitter: 0.5)
    }

    private func fail(_ machine: inout PollMachine, at moment: Double, retryAfter: Double? = nil) -> PollMachine.Step {
        machine.admitted(now: at(moment))
        return machine.failed(
            retryAfter: retryAfter.map { Nanoseconds($0 * 1e9) },
            now: at(moment),
            jitter: 0.5
        )
    }

    @Test("sleeps between fetches, and wakes only when it is time")
    func sleeps() {
        var machine = machine()
        #expect(fetch(&machine, from: 0, to: 0.1) == .sleep(until: at(2)))
        #expect(machine.woke(now: at(1.999)) == .nothing)
        #expect(machine.woke(now: at(2)) == .fetch)
        #expect(machine.woke(now: at(2)) == .nothing)
    }

    @Test("has one fetch at a time: while one is queued, under way or judged, nothing starts another")
    func oneAtATime() {
        var machine = machine()
        #expect(machine.pollNow(now: at(0)) == .nothing)
        #expect(machine.woke(now: at(9)) == .nothing)
        machine.admitted(now: at(0))
        #expect(machine.pollNow(now: at(0)) == .nothing)
        #expect(machine.woke(now: at(9)) == .nothing)
        machine.received(validators: Validators(), rules: CachingRules(head(), now: 0), now: at(1))
        #expect(machine.pollNow(now: at(1)) == .nothing)
        #expect(machine.woke(now: at(9)) == .nothing)
    }

    @Test("pollNow while asleep fetches at once, and leaves the grid where it is")
    func pollNow() {
        var machine = machine()
        _ = fetch(&machine, from: 0, to: 0.1)
        #expect(machine.pollNow(now: at(0.7)) == .fetch)
        #expect(fetch(&machine, from: 0.7, to: 0.8) == .sleep(until: at(2)))
    }

    @Test("any number of pollNow during a fetch make one more fetch right after it")
    func coalesced() {
        var machine = machine()
        machine.admitted(now: at(0))
        for _ in 0..<10 { #expect(machine.pollNow(now: at(0)) == .nothing) }
        #expect(fetch(&machine, from: 0, to: 0.1) == .fetch)
        #expect(fetch(&machine, from: 0.1, to: 0.2) == .sleep(until: at(2)))
    }

    @Test("max-age less Age holds the next fetch off, but not pollNow")
    func freshness() {
        var machine = machine()
        let fields = head("Cache-Control: max-age=10", "Age: 3")
        #expect(fetch(&machine, from: 0, to: 1, fields) == .sleep(until: at(8)))
        #expect(machine.pollNow(now: at(2)) == .fetch)
    }

    @Test("a max-age below the interval changes nothing")
    func shortFreshness() {
        var machine = machine()
        #expect(fetch(&machine, from: 0, to: 0.1, head("Cache-Control: max-age=1")) == .sleep(until: at(2)))
    }

    @Test("Retry-After holds everything off, pollNow too, and lasts until the next answer")
    func retryAfter() {
        var machine = machine()
        #expect(fail(&machine, at: 1, retryAfter: 30) == .sleep(until: at(31)))
        #expect(machine.pollNow(now: at(5)) == .nothing)
        #expect(machine.pollNow(now: at(31)) == .fetch)
        #expect(fetch(&machine, from: 31, to: 31.5) == .sleep(until: at(32)))
        #expect(machine.pollNow(now: at(31.6)) == .fetch)
    }

    @Test("pollNow during a Retry-After that a max-age outlasts fetches when the Retry-After ends")
    func retryAfterBeforeFreshness() {
        var machine = machine()
        let fields = head("Cache-Control: max-age=100", "Retry-After: 10")
        #expect(fetch(&machine, from: 0, to: 0, fields) == .sleep(until: at(100)))
        #expect(machine.pollNow(now: at(3)) == .sleep(until: at(10)))
        #expect(machine.woke(now: at(10)) == .fetch)
    }

    @Test("absurd values are cut to the longest hold")
    func cap() {
        var held = machine(longestHold: 60)
        #expect(fail(&held, at: 0, retryAfter: 1_000_000) == .sleep(until: at(60)))
        var fresh = machine(longestHold: 60)
        #expect(
            fetch(&fresh, from: 0, to: 0, head("Cache-Control: max-age=99999999999")) == .sleep(until: at(60))
        )
    }

    @Test("failures back off; the first good answer leads back to the grid")
    func backOff() {
        var machine = machine()
        #expect(fail(&machine, at: 0) == .sleep(until: at(2)))
        #expect(machine.woke(now: at(2)) == .fetch)
        #expect(fail(&machine, at: 2) == .sleep(until: at(6)))
        #expect(machine.backOff.failures == 2)
        #expect(machine.woke(now: at(6)) == .fetch)
        #expect(fetch(&machine, from: 6, to: 6.1) == .sleep(until: at(8)))
        #expect(machine.backOff.failures == 0)
    }

    @Test("pollNow during a back-off tries at once; if that fails the back-off goes on growing")
    func pollNowInBackOff() {
        var machine = machine()
        _ = fail(&machine, at: 0)
        #expect(machine.pollNow(now: at(1)) == .fetch)
        #expect(fail(&machine, at: 1) == .sleep(until: at(5)))
    }

    @Test("pollNow during a fetch that fails asks for one more right after it, but not before a Retry-After")
    func pollNowDuringFailure() {
        var machine = machine()
        machine.admitted(now: at(0))
        #expect(machine.pollNow(now: at(0)) == .nothing)
        #expect(machine.failed(retryAfter: nil, now: at(0.1), jitter: 0) == .fetch)
        machine.admitted(now: at(0.1))
        #expect(machine.pollNow(now: at(0.1)) == .nothing)
        #expect(machine.failed(retryAfter: 7 * .second, now: at(1), jitter: 0) == .sleep(until: at(8)))
    }

    @Test("validators are those of the last answer that was a document")
    func validators() {
        var machine = machine()
        _ = fetch(&machine, from: 0, to: 0, head("ETag: \"1\""))
        #expect(machine.validators.entityTag == "\"1\"")
        _ = machine.woke(now: at(2))
        machine.admitted(now: at(2))
        let error = head("ETag: \"error page\"")
        machine.received(validators: Validators(error, now: 0), rules: CachingRules(error, now: 0), now: at(2))
        #expect(machine.validators.entityTag == "\"1\"")
        #expect(machine.judgedInvalid(now: at(2), jitter: 0.5) == .sleep(until: at(4)))
        #expect(machine.validators.entityTag == "\"1\"")
        #expect(machine.backOff.failures == 1)
        _ = machine.woke(now: at(4))
        _ = fetch(&machine, from: 4, to: 4, head(), outcome: .unchanged)
        #expect(machine.validators.isEmpty)
    }

    @Test("304 keeps the validators, and the stored lifetime where it brings none of its own")
    func confirmed() {
        var machine = machine()
        #expect(
            fetch(&machine, from: 0, to: 0, head("ETag: \"1\"", "Cache-Control: max-age=5")) == .sleep(until: at(5))
        )
        _ = machine.woke(now: at(5))
        machine.admitted(now: at(5))
        #expect(
            machine.confirmed(rules: CachingRules(head(), now: 0), now: at(5), jitter: 0.5) == .sleep(until: at(10))
        )
        #expect(machine.validators.entityTag == "\"1\"")
        _ = machine.woke(now: at(10))
        machine.admitted(now: at(10))
        let fields = head("Cache-Control: max-age=1")
        #expect(
            machine.confirmed(rules: CachingRules(fields, now: 0), now: at(10), jitter: 0.5) == .sleep(until: at(12))
        )
    }

    @Test("a verdict that takes longer than the interval skips ticks like a slow answer")
    func slowVerdict() {
        var machine = machine()
        machine.admitted(now: at(0))
        machine.received(validators: Validators(), rules: CachingRules(head(), now: 0), now: at(0.1))
        #expect(machine.judged(.changed, now: at(5), jitter: 0.5) == .sleep(until: at(6)))
    }

    @Test("a host that answers again brings a poll out of its back-off, but not out of a Retry-After")
    func recovery() {
        var machine = machine()
        for moment in [0.0, 2, 6] {
            _ = machine.woke(now: at(moment))
            _ = fail(&machine, at: moment)
        }
        #expect(machine.hostRecovered(now: at(7), within: 2 * .second, jitter: 0.5) == .sleep(until: at(8)))
        var held = self.machine()
        _ = fail(&held, at: 0, retryAfter: 20)
        #expect(held.hostRecovered(now: at(7), within: 2 * .second, jitter: 0.5) == .nothing)
        var well = self.machine()
        _ = fetch(&well, from: 0, to: 0)
        #expect(well.hostRecovered(now: at(0), within: 1, jitter: 0) == .nothing)
    }

    @Test("nothing leads out of stopped")
    func stopped() {
        var machine = machine()
        machine.admitted(now: at(0))
        machine.stop()
        #expect(machine.woke(now: at(9)) == .nothing)
        #expect(machine.pollNow(now: at(9)) == .nothing)
        #expect(machine.failed(retryAfter: nil, now: at(9), jitter: 0) == .nothing)
        #expect(machine.confirmed(rules: CachingRules(head(), now: 0), now: at(9), jitter: 0) == .nothing)
        machine.received(validators: Validators(), rules: CachingRules(head(), now: 0), now: at(9))
        #expect(machine.judged(.changed, now: at(9), jitter: 0) == .nothing)
        #expect(machine.judgedInvalid(now: at(9), jitter: 0) == .nothing)
        #expect(machine.state == .stopped)
    }
}
