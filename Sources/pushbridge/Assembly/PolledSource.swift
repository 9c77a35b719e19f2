import Logging
import Polling
import Synchronization
import Topics

/// A topic's source that is the local poll of an HTTP endpoint: it carries what the `Polling` room finds to the
/// `Topics` room, which do not know each other.
final class PolledSource: TopicSource {
    private let poller: Poller
    private let plan: PollPlan
    private let logger: Logger
    private let state = Mutex(State.created)

    private enum State: Sendable {
        case created
        case running(Poll)
        case stopped
    }

    init(poller: Poller, plan: PollPlan, logger: Logger) {
        self.poller = poller
        self.plan = plan
        self.logger = logger
    }

    func start(delivering topic: Topic) {
        state.withLock { state in
            guard case .created = state else { return }
            state = .running(poller.poll(plan, observer: Observer(topic: topic, logger: logger)))
        }
    }

    func stop() {
        state.withLock { state in
            if case .running(let poll) = state { poll.stop() }
            state = .stopped
        }
    }

    func refresh() {
        state.withLock { state in
            if case .running(let poll) = state { poll.pollNow() }
        }
    }

    var intervalMilliseconds: Int? {
        state.withLock { state in
            guard case .running(let poll) = state else { return nil }
            let (seconds, attoseconds) = poll.interval.components
            return Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
        }
    }

    /// The topic holds its source, so what the poll holds must not hold the topic.
    private final class Observer: PollObserver {
        private struct Box: Sendable {
            weak var topic: Topic?
        }

        private let box: Mutex<Box>
        private let logger: Logger
        private let isFailing = Atomic<Bool>(false)

        init(topic: Topic, logger: Logger) {
            box = Mutex(Box(topic: topic))
            self.logger = logger
        }

        private var topic: Topic? { box.withLock { $0.topic } }

        func polled(_ body: FetchedBody) async -> PollVerdict {
            guard let topic else { return .unchanged }
            return judge(SourceAnswer(body), for: topic)
        }

        func polledAtOnce(_ body: FetchedBody) -> PollVerdict? {
            guard let topic else { return .unchanged }
            let answer = SourceAnswer(body)
            return topic.takesQuickly(answer) ? judge(answer, for: topic) : nil
        }

        private func judge(_ answer: SourceAnswer, for topic: Topic) -> PollVerdict {
            switch topic.received(answer) {
            case .changed:
                recovered(topic)
                return .changed
            case .unchanged:
                recovered(topic)
                return .unchanged
            case .invalid(let reason): return .invalid(reason)
            }
        }

        func pollConfirmed(_ confirmation: PollConfirmation) {
            guard let topic else { return }
            recovered(topic)
            switch confirmation.evidence {
            case .notModified: topic.confirmed(atMilliseconds: confirmation.atMilliseconds)
            case .sameBody(let bytes): topic.confirmed(atMilliseconds: confirmation.atMilliseconds, sameBody: bytes)
            }
        }

        func pollFailed(_ failure: PollFailure) {
            guard let topic else { return }
            // Only the first of a row is news; the others are counted by the metrics.
            if !isFailing.exchange(true, ordering: .relaxed) {
                logger.warning(
                    "upstream failed",
                    metadata: [
                        "topic": "\(topic.key.name)", "code": "\(failure.code.text)", "reason": "\(failure.reason)",
                        "advice": "\(failure.code.advice)",
                    ]
                )
            }
            topic.failed(SourceFailure(failure), atMilliseconds: failure.atMilliseconds)
        }

        private func recovered(_ topic: Topic) {
            if isFailing.exchange(false, ordering: .relaxed) {
                logger.info("upstream is back", metadata: ["topic": "\(topic.key.name)"])
            }
        }
    }
}

extension SourceAnswer {
    fileprivate init(_ body: FetchedBody) {
        self.init(
            body: body.bytes,
            contentType: body.contentType,
            receivedAt: body.receivedAt,
            receivedAtMilliseconds: body.receivedAtMilliseconds
        )
    }
}

extension SourceFailure {
    init(_ failure: PollFailure) {
        self.init(
            code: Code(failure.code),
            reason: failure.code.publicReason ?? failure.reason,
            nextAttemptAtMilliseconds: failure.nextAttemptAtMilliseconds
        )
    }

    init(_ failure: FetchFailure) {
        self.init(
            code: Code(failure.code),
            reason: failure.code.publicReason ?? failure.reason,
            nextAttemptAtMilliseconds: 0
        )
    }
}

extension SourceFailure.Code {
    fileprivate init(_ code: FetchFailure.Code) {
        if case .status(let status) = code {
            self = .status(status)
        } else {
            self = .word(code.text)
        }
    }
}

extension FetchFailure.Code {
    /// What clients are told where the reason would name hosts and ports behind the bridge; nil where it does not. The log has them in full.
    fileprivate var publicReason: String? {
        switch self {
        case .timeout: "the upstream did not answer in time"
        case .refused: "the upstream refused the connection"
        case .unresolved: "the upstream's name cannot be resolved"
        case .tls: "the TLS connection to the upstream failed"
        case .other: "the connection to the upstream failed"
        case .status(300..<400): "the upstream redirects to where it is not followed"
        case .status, .tooLarge, .invalid: nil
        }
    }
}

extension FetchFailure.Code {
    /// What an operator may do about it.
    var advice: String {
        switch self {
        case .timeout: "see why it is slow, or raise the route's poll.timeout"
        case .refused: "nothing answers there: start the upstream, or correct the route's poll.url"
        case .unresolved: "correct the host in the route's poll.url, or this machine's DNS"
        case .tls: "let the route's poll.tls.ca name the authority of the upstream's certificate, or see why it changed"
        case .status: "look at the upstream's own log; pushbridge check --connect asks it once more"
        case .tooLarge: "raise the route's poll.maxBody, or ask for less"
        case .invalid: "let the route's poll.format say what the upstream sends; pushbridge probe shows it"
        case .other: "pushbridge check --connect asks the upstream once more"
        }
    }
}
