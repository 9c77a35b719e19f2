import Testing

@testable import Polling

/// A made-up moment, in seconds.
func at(_ seconds: Double) -> Moment { Moment(nanoseconds: Nanoseconds(1_000_000 * (seconds * 1000).rounded())) }

@Suite("A fixed-rate schedule")
struct FixedRateScheduleTests {
    private func next(_ state: inout PollScheduleState, started: Double, now: Double) -> Moment {
        state.next(started: at(started), work: at(now) - at(started), now: at(now), outcome: .changed, jitter: 0.5)
    }

    @Test("ticks on its grid whatever the answers take")
    func grid() {
        var state = PollScheduleState(.every(.seconds(2)), start: at(10))
        #expect(next(&state, started: 10, now: 10.4) == at(12))
        #expect(next(&state, started: 12, now: 13.9) == at(14))
        #expect(next(&state, started: 14.003, now: 14.01) == at(16))
    }

    @Test("skips the ticks that a slow answer covered, and keeps the others where they were")
    func slowAnswer() {
        var state = PollScheduleState(.every(.seconds(2)), start: at(0))
        #expect(next(&state, started: 0, now: 2.5) == at(4))
        #expect(next(&state, started: 4, now: 11) == at(12))
        #expect(next(&state, started: 12, now: 14) == at(16))
    }

    @Test("does not drift in ten thousand late ticks")
    func noDrift() {
        var state = PollScheduleState(.every(.milliseconds(100)), start: at(0))
        var due = at(0)
        for _ in 0..<10_000 {
            let started = due + 3 * .millisecond
            due = state.next(
                started: started,
                work: 20 * .millisecond,
                now: started + 20 * .millisecond,
                outcome: .unchanged,
                jitter: 0.9
            )
        }
        #expect(due == at(1000))
    }

    @Test("a phase brings the second fetch earlier, and the later ones are an interval apart")
    func phase() {
        var state = PollScheduleState(.every(.seconds(2)), start: at(10), phase: 0.25)
        #expect(next(&state, started: 10, now: 10.1) == at(11.5))
        #expect(next(&state, started: 11.5, now: 11.6) == at(13.5))
    }

    @Test("an interval of nothing is a millisecond")
    func degenerate() {
        #expect(PollScheduleState(.every(.zero), start: at(0)).interval == .millisecond)
        #expect(PollScheduleState(.every(.seconds(-3)), start: at(0)).interval == .millisecond)
        #expect(PollScheduleState(.every(.seconds(Int64.max)), start: at(0)).interval == .longest)
    }
}

@Suite("An adaptive schedule")
struct AdaptiveScheduleTests {
    private let schedule = PollSchedule.adaptive(min: .milliseconds(500), max: .seconds(8))

    /// Fetches in a row, each as quick as `work` says; returns the intervals that follow.
    private func run(
        _ state: inout PollScheduleState,
        _ count: Int,
        work: Double,
        _ outcome: PollScheduleState.Outcome
    ) -> [Double] {
        (0..<count).map { _ in
            _ = state.next(started: at(0), work: at(work) - at(0), now: at(work), outcome: outcome, jitter: 0.5)
            return state.interval.seconds
        }
    }

    @Test("begins at its shortest, and stretches up to its longest while nothing changes")
    func stretches() {
        var state = PollScheduleState(schedule, start: at(0))
        #expect(state.interval.seconds == 0.5)
        let intervals = run(&state, 20, work: 0.01, .unchanged)
        #expect(intervals == intervals.sorted())
        #expect(intervals[0] == 0.625)
        #expect(intervals.last == 8)
    }

    @Test("halves down to its shortest while the content changes")
    func shrinks() {
        var state = PollScheduleState(schedule, start: at(0))
        _ = run(&state, 20, work: 0.01, .unchanged)
        #expect(run(&state, 5, work: 0.01, .changed) == [4, 2, 1, 0.5, 0.5])
    }

    @Test("work beyond half of the interval stretches it, even while the content changes")
    func halfBusy() {
        var state = PollScheduleState(schedule, start: at(0))
        #expect(run(&state, 1, work: 0.3, .changed) == [0.625])
    }

    @Test("work beyond the interval doubles it")
    func overrun() {
        var state = PollScheduleState(schedule, start: at(0))
        #expect(run(&state, 3, work: 1.2, .changed) == [1, 2, 2.5])
    }

    @Test("the next fetch is an interval after the start of the last, and never in the past")
    func fromStart() {
        var state = PollScheduleState(schedule, start: at(0))
        let next = state.next(started: at(10), work: at(0.1) - at(0), now: at(10.1), outcome: .changed, jitter: 0.5)
        #expect(next == at(10.5))
        let late = state.next(started: at(20), work: at(0.1) - at(0), now: at(25), outcome: .changed, jitter: 0.5)
        #expect(late == at(25))
    }

    @Test("jitter stays within five per cent, and within the bounds")
    func jitter() {
        for jitter in [0, 0.25, 0.999] {
            var state = PollScheduleState(schedule, start: at(0))
            let first = state.next(started: at(0), work: 0, now: at(0), outcome: .unchanged, jitter: jitter)
            #expect(first >= at(0.593) && first <= at(0.657))
            // From 0.59375 to 0.65625 s.
            #expect(abs((first - at(0.59375)).seconds - 0.0625 * jitter) < 0.001)
            var least = PollScheduleState(schedule, start: at(0))
            #expect(least.next(started: at(0), work: 0, now: at(0), outcome: .changed, jitter: jitter) >= at(0.5))
        }
    }

    @Test("bounds that are the wrong way round are one bound")
    func wrongWayRound() {
        var state = PollScheduleState(.adaptive(min: .seconds(4), max: .seconds(1)), start: at(0))
        #expect(run(&state, 3, work: 0.01, .unchanged) == [4, 4, 4])
    }
}

@Suite("Polls that begin together")
struct PhaseSpreadTests {
    @Test("one that begins alone keeps its whole interval")
    func alone() {
        var spread = PhaseSpread()
        #expect(spread.next(now: at(0)) == 0)
        #expect(spread.next(now: at(2)) == 0)
    }

    @Test("all get different phases, spread evenly over the interval")
    func even() {
        var spread = PhaseSpread()
        let phases = (0..<1000).map { _ in spread.next(now: at(0)) }
        #expect(Set(phases).count == 1000)
        #expect(phases.allSatisfy { (0..<1).contains($0) })
        var tenths = [Int](repeating: 0, count: 10)
        for phase in phases { tenths[Int(phase * 10)] += 1 }
        #expect(tenths.allSatisfy { (90...125).contains($0) }, "\(tenths)")
    }
}
