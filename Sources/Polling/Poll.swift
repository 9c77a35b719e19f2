import Synchronization

/// A poll that runs: the handle by which its owner controls it. Letting go of the handle stops the poll.
/// Every member may be used from any thread.
package final class Poll: Sendable {
    private let id: Int
    private let shared: PollSharedState
    private let mailbox: PollingMailbox

    init(id: Int, shared: PollSharedState, mailbox: PollingMailbox) {
        self.id = id
        self.shared = shared
        self.mailbox = mailbox
    }

    deinit { stop() }

    /// Fetches without waiting for the schedule, a `max-age` or a back-off; only a `Retry-After` is waited out. During a
    /// fetch it asks for one more right after it, however often it is called.
    package func pollNow() {
        mailbox.post(.pollNow(id))
    }

    /// Ends the poll, and the transfer under way. No call of the observer begins after this returns; one that has begun
    /// may still be running.
    package func stop() {
        guard shared.stop() else { return }
        mailbox.post(.stop(id))
    }

    /// How often the poll fetches at present, as the schedule has it: for `.adaptive` it changes.
    package var interval: Duration { shared.interval.load(ordering: .relaxed).duration }

    /// When the next attempt is due, in Unix time; nil while one is under way or waits for its host's limits.
    package var nextAttemptAtMilliseconds: Int64? {
        let next = shared.nextAttempt.load(ordering: .relaxed)
        return next == 0 ? nil : next
    }

    /// Also true after the poller was shut down.
    package var isStopped: Bool { shared.isStopped }
}

/// What a poll's handle and the polling thread both see.
final class PollSharedState: Sendable {
    let interval: Atomic<Nanoseconds>
    /// Unix time in milliseconds; 0 for none.
    let nextAttempt = Atomic<Int64>(0)
    private let stopped = Atomic<Bool>(false)

    init(interval: Nanoseconds) {
        self.interval = Atomic(interval)
    }

    var isStopped: Bool { stopped.load(ordering: .acquiring) }

    /// False where it was stopped already.
    func stop() -> Bool { !stopped.exchange(true, ordering: .acquiringAndReleasing) }
}
