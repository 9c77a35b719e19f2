/// A poll as the polling thread holds it. While it sleeps it costs this and its place in the alarm queue.
final class RunningPoll {
    let id: Int
    let request: FetchRequest
    let observer: any PollObserver
    let shared: PollSharedState
    let upstream: Upstream?
    /// Why the request can never be sent.
    let refusal: FetchFailure?
    var machine: PollMachine
    /// The body that was judged to be a document last.
    var lastBody: BodyDigest?
    /// The body that is being judged.
    var unjudgedBody: BodyDigest?

    init(_ beginning: PollBeginning, _ machine: PollMachine, _ upstream: Upstream?, _ refusal: FetchFailure?) {
        id = beginning.id
        request = beginning.plan.request
        observer = beginning.observer
        shared = beginning.shared
        self.machine = machine
        self.upstream = upstream
        self.refusal = refusal
    }
}

/// A body on its way to the observer, and the verdict on its way back.
struct UnjudgedAnswer: Sendable {
    let poll: Int
    let body: FetchedBody
    let observer: any PollObserver
    let shared: PollSharedState

    func judge(_ mailbox: PollingMailbox) async {
        guard !shared.isStopped else { return }
        mailbox.post(.verdict(poll, await observer.polled(body)))
    }
}

/// A single request as the polling thread holds it.
struct RunningFetch {
    let request: FetchRequest
    let answer: @Sendable (Result<FetchResponse, FetchFailure>) -> Void
    let deadline: Moment
    let upstream: Upstream
}

/// A host that polls or fetches belong to.
final class Upstream {
    /// Never given twice. An alarm that held the host itself would be copied with its three strings, at every move.
    typealias Number = Int

    let host: UpstreamHost
    let number: Number
    var gate: HostGate
    var phases = PhaseSpread()
    /// Polls and fetches.
    var users = 0
    /// When the gate is to be looked at again, because of the rate.
    var alarm: Moment?

    init(host: UpstreamHost, number: Number, gate: HostGate) {
        self.host = host
        self.number = number
        self.gate = gate
    }
}
