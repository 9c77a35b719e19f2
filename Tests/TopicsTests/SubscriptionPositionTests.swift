import NIOCore
import Testing

@testable import Topics

@Suite("The position of a subscriber") struct SubscriptionPositionTests {
    let a = VersionID(of: [1])
    let b = VersionID(of: [2])
    let c = VersionID(of: [3])
    let d = VersionID(of: [4])
    let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    @Test("the holder of the previous version gets the shared bytes")
    func shared() {
        var position = SubscriptionPosition(held: a)
        #expect(position.revisionArrived(b, from: a, anyPosition: false, isReady: true, now: start) == .deliverShared)
        position.delivered(b, now: start)
        #expect(position.held == b)
        #expect(position.state == .idle)
    }

    @Test("the holder of an older version gets a step of its own")
    func composite() {
        var position = SubscriptionPosition(held: a)
        #expect(position.revisionArrived(c, from: b, anyPosition: false, isReady: true, now: start) == .make(from: a))
        #expect(position.state == .making)
        #expect(position.stepMade(isReady: true) == .deliverMade)
        position.delivered(c, now: start)
        #expect(position.held == c)
    }

    @Test("in snapshot mode the shared bytes are right for everybody")
    func snapshot() {
        var position = SubscriptionPosition(held: nil)
        #expect(position.revisionArrived(c, from: b, anyPosition: true, isReady: true, now: start) == .deliverShared)
    }

    @Test("a newcomer without a version is never given a patch")
    func newcomer() {
        var position = SubscriptionPosition(held: nil)
        #expect(
            position.revisionArrived(a, from: nil, anyPosition: false, isReady: true, now: start) == .make(from: nil)
        )
    }

    @Test("versions that come while the socket is full only move the goal, and one step follows")
    func slow() {
        var position = SubscriptionPosition(held: a)
        for previous in [a, b] {
            #expect(
                position.revisionArrived(d, from: previous, anyPosition: false, isReady: false, now: start) == .none
            )
        }
        #expect(position.state == .behind)
        #expect(position.becameReady(newest: c, isReady: true, now: start) == .make(from: a))
    }

    @Test("a socket that fills up while the step is made waits for the next chance")
    func fullAgain() {
        var position = SubscriptionPosition(held: a)
        _ = position.revisionArrived(c, from: b, anyPosition: false, isReady: true, now: start)
        #expect(position.stepMade(isReady: false) == .none)
        #expect(position.held == a)
        #expect(position.becameReady(newest: c, isReady: true, now: start) == .make(from: a))
    }

    @Test("nothing is sent to who has the newest version")
    func current() {
        var position = SubscriptionPosition(held: a)
        #expect(position.becameReady(newest: a, isReady: true, now: start) == .none)
        #expect(position.becameReady(newest: nil, isReady: true, now: start) == .none)
    }

    @Test("a rate limit holds versions back until its time, with one wake-up")
    func rate() {
        var position = SubscriptionPosition(held: a, maximumRate: 2)
        #expect(position.revisionArrived(b, from: a, anyPosition: false, isReady: true, now: start) == .deliverShared)
        position.delivered(b, now: start)
        let soon = start + .milliseconds(100)
        let due = start + .milliseconds(500)
        #expect(position.revisionArrived(c, from: b, anyPosition: false, isReady: true, now: soon) == .wakeAt(due))
        #expect(position.revisionArrived(d, from: c, anyPosition: false, isReady: true, now: soon) == .none)
        #expect(position.becameReady(newest: c, isReady: true, isWakeUp: true, now: due) == .make(from: b))
    }

    @Test("a step that is being made is not asked for twice")
    func making() {
        var position = SubscriptionPosition(held: a)
        _ = position.revisionArrived(c, from: b, anyPosition: false, isReady: true, now: start)
        #expect(position.revisionArrived(d, from: c, anyPosition: false, isReady: true, now: start) == .none)
        #expect(position.becameReady(newest: c, isReady: true, now: start) == .none)
    }

    @Test("who claims a version before there is one is told so when it turns out to be the first")
    func claim() {
        var right = SubscriptionPosition(held: a, isClaim: true)
        #expect(right.revisionArrived(a, from: nil, anyPosition: false, isReady: true, now: start) == .confirm)
        #expect(right.state == .idle)
        var wrong = SubscriptionPosition(held: b, isClaim: true)
        #expect(wrong.revisionArrived(a, from: nil, anyPosition: false, isReady: true, now: start) == .make(from: nil))
    }

    @Test("a document that goes back to what a slow subscriber holds is nothing to send")
    func backAgain() {
        var position = SubscriptionPosition(held: a)
        _ = position.revisionArrived(b, from: a, anyPosition: false, isReady: false, now: start)
        #expect(position.revisionArrived(a, from: b, anyPosition: false, isReady: true, now: start) == .none)
        #expect(position.state == .idle)
    }
}
