import Glibc
import Logging
import Synchronization

/// Fetches from upstreams: polls that go on, and single requests. All of them share one thread, one libcurl multi
/// handle and its connections, and the limits of each upstream host. Every member may be used from any thread.
///
/// A poller that is let go of ends its thread by itself, some time later; `shutdown` waits for that.
package final class Poller: Sendable {
    private let mailbox: PollingMailbox
    private let counters: PollerCounters
    private let thread: Mutex<pthread_t?>

    /// Starts the thread. `jitter` returns numbers in 0..<1, for tests that want them predictable; it is called on the
    /// polling thread only. Nil means chance.
    package init(
        logger: Logger,
        limits: UpstreamLimits = UpstreamLimits(),
        jitter: (@Sendable () -> Double)? = nil
    ) throws(PollerError) {
        let mailbox = try PollingMailbox()
        let counters = PollerCounters()
        self.mailbox = mailbox
        self.counters = counters
        thread = Mutex(nil)
        do {
            let loop = try CurlLoop(wakeUp: mailbox.wakeUp, connectionsPerHost: max(1, limits.connectionsPerHost))
            let engine = PollingEngine(
                mailbox: mailbox,
                loop: loop,
                counters: counters,
                limits: limits,
                logger: logger,
                jitter: jitter
            )
            let handover = EngineHandover(engine: engine)
            let started = try PollingThread.start { handover.engine.run() }
            thread.withLock { $0 = started }
        } catch {
            _ = mailbox.shut()
            throw error
        }
    }

    deinit {
        mailbox.post(.shutDown)
        if let thread = thread.withLock({ $0.take() }) { pthread_detach(thread) }
    }

    /// Begins a poll; its first fetch is due at once. After `shutdown` the poll is a stopped one.
    package func poll(_ plan: PollPlan, observer: any PollObserver) -> Poll {
        let state = PollScheduleState(plan.schedule, start: Moment(nanoseconds: 0))
        let shared = PollSharedState(interval: state.interval)
        let id = mailbox.newIdentifier()
        let beginning = PollBeginning(id: id, plan: plan, observer: observer, shared: shared)
        if !mailbox.post(.start(beginning)) { _ = shared.stop() }
        return Poll(id: id, shared: shared, mailbox: mailbox)
    }

    /// One request, within the limits of its host; waiting for them counts towards its time-out. Any status is an
    /// answer; a redirect is followed on the same host, up to 5 times, and otherwise returned as it is. Cancelling the
    /// task ends the transfer and throws.
    package func fetch(_ request: FetchRequest) async throws(FetchFailure) -> FetchResponse {
        let id = mailbox.newIdentifier()
        let mailbox = mailbox
        let result: Result<FetchResponse, FetchFailure> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isRunning = mailbox.post(.fetch(id, request) { continuation.resume(returning: $0) })
                if !isRunning { continuation.resume(returning: .failure(.shutDown)) }
                // The handler below may have run before there was anything to abandon.
                if Task.isCancelled { mailbox.post(.abandonFetch(id)) }
            }
        } onCancel: {
            mailbox.post(.abandonFetch(id))
        }
        return try result.get()
    }

    /// Ends every transfer and the thread, and waits for that. Fetches under way fail; polls are stopped. May be called
    /// more than once.
    package func shutdown() async {
        mailbox.post(.shutDown)
        await mailbox.waitUntilShut()
        // The thread has done all its work; it only has to return.
        if let thread = thread.withLock({ $0.take() }) { pthread_join(thread, nil) }
    }

    /// As of now.
    package var statistics: PollerStatistics { counters.snapshot }
}

extension FetchFailure {
    static let shutDown = FetchFailure(code: .other, reason: "the poller has been shut down")
    static let cancelled = FetchFailure(code: .other, reason: "the request was cancelled")
}

/// Takes the engine to its thread. Sound because nothing here touches the engine after it has been handed over.
private struct EngineHandover: @unchecked Sendable {
    let engine: PollingEngine
}
