import JSONDelta
import NIOCore
import Synchronization

/// One polled document, shared by everybody who subscribes to it.
///
/// Thread-safe: the source brings answers on any thread (one at a time), event loops attach their shards. New versions
/// cross to each event loop that has subscribers once.
package final class Topic: Sendable {
    /// What tells it from other topics.
    package let key: TopicKey
    /// Its route's.
    package let settings: TopicSettings
    /// Its route's counters, which it shares with the route's other topics.
    package let metrics: TopicMetrics
    let source: any TopicSource

    private let state: Mutex<State>
    private let subscribers = Atomic<Int>(0)
    private let savedBytes = Atomic<Int>(0)

    struct State {
        var revision: Revision?
        var status: TopicStatus?
        /// Why there is no document yet.
        var failure: SourceFailure?
        var history = History()
        /// Of the last good body as it came: the same bytes again end before they are parsed.
        var bodyDigest: VersionID?
        var confirmedAtMilliseconds: Int64 = 0
        var lastResult: PollResult?
        var shards: [ObjectIdentifier: TopicShard.Reference] = [:]
        /// How many shards have subscribers of a format: the formats that are worth encoding ahead.
        var formats: [DeliveryFormat: Int] = [:]
        /// When the last shard left; nil while there is one.
        var idleSince: NIODeadline?
        /// Whether somebody will ask for ``Topic/expiry(at:)``: once is enough, however many come and go.
        var expiryIsPending = false
    }

    /// What a shard starts from.
    struct Snapshot: Sendable {
        var revision: Revision?
        var status: TopicStatus?
        var failure: SourceFailure?
    }

    init(blueprint: TopicBlueprint) {
        key = blueprint.key
        settings = blueprint.settings
        metrics = blueprint.metrics
        source = blueprint.makeSource()
        state = Mutex(State())
    }

    // MARK: What the source says

    /// Whether ``received(_:)`` takes less time for this answer than it takes to wake another thread: a small document
    /// and nobody whose updates are compressed. Any thread.
    package func takesQuickly(_ answer: SourceAnswer) -> Bool {
        settings.reader.isQuick(answer.body, contentType: answer.contentType)
            && state.withLock { state in
                // What it is compared with takes time as well.
                (state.revision?.document.bytes.count ?? 0) <= DocumentReader.quickBody
                    && state.formats.keys.allSatisfy { $0.compression == .none }
            }
    }

    /// Takes the body of a good answer. Parsing, comparing and the encoding of the update happen here, so it must not
    /// be called on an event loop, and only once at a time.
    package func received(_ answer: SourceAnswer) -> AnswerVerdict {
        let saved = savedFetches * answer.body.count
        savedBytes.wrappingAdd(saved, ordering: .relaxed)
        metrics.bytesSaved.wrappingAdd(saved, ordering: .relaxed)
        let digest = VersionID(of: answer.body)
        let (last, lastDigest) = state.withLock { ($0.revision, $0.bodyDigest) }
        if let last, digest == lastDigest {
            confirm(at: answer.receivedAtMilliseconds, last: last)
            note(.unchanged)
            return .unchanged
        }
        let document: Document
        do {
            document = try settings.reader.read(answer.body, contentType: answer.contentType, digest: digest)
        } catch {
            return .invalid(reason: error.reason)
        }
        if let last, document.saysTheSame(as: last.document, ignoring: settings.ignored) {
            state.withLock { $0.bodyDigest = digest }
            confirm(at: answer.receivedAtMilliseconds, last: last)
            note(.unchanged)
            return .unchanged
        }
        publish(document, answer: answer, after: last, digest: digest)
        note(.changed)
        return .changed
    }

    /// The upstream said that nothing changed: by 304, or by the body of the last document again, of so many bytes.
    package func confirmed(atMilliseconds now: Int64, sameBody bytes: Int? = nil) {
        if let bytes { savedBytes.wrappingAdd(savedFetches * bytes, ordering: .relaxed) }
        note(bytes == nil ? .notModified : .unchanged)
        guard let last = state.withLock({ $0.revision }) else { return }
        confirm(at: now, last: last)
    }

    /// No document could be had. The last good one stays and is marked stale.
    package func failed(_ failure: SourceFailure, atMilliseconds now: Int64) {
        note(.error)
        state.withLock { state in
            guard state.revision != nil else {
                let isNews = state.failure?.code != failure.code
                state.failure = failure
                state.tellShards { $0.sourceFailed(failure, isNews: isNews) }
                return
            }
            let since = state.status?.state == .stale ? state.status?.sinceMilliseconds ?? now : now
            state.change(to: TopicStatus(state: .stale, sinceMilliseconds: since, failure: failure))
        }
    }

    /// What one fetch spares: without the bridge each subscriber would have asked for itself.
    private var savedFetches: Int { max(0, subscriberCount - 1) }

    /// Counts a fetch that has ended, whatever came of it.
    private func note(_ result: PollResult) {
        metrics.count(result)
        metrics.pollsSaved.wrappingAdd(savedFetches, ordering: .relaxed)
        state.withLock { $0.lastResult = result }
    }

    private func confirm(at now: Int64, last: Revision) {
        state.withLock { state in
            state.confirmedAtMilliseconds = now
            if state.status?.state != .live {
                state.change(to: TopicStatus(state: .live, sinceMilliseconds: now))
            }
        }
    }

    private func publish(_ document: Document, answer: SourceAnswer, after last: Revision?, digest: VersionID) {
        let revision = Revision(
            document: document,
            sequence: (last?.sequence ?? 0) + 1,
            answer: answer,
            previousID: last?.document.id,
            topicName: key.name,
            settings: settings
        )
        for format in state.withLock({ Array($0.formats.keys) }) {
            _ = revision.make(from: last.map { .version($0.document) } ?? .nothing, format: format)
        }
        // Whoever asked over HTTP for the last version will ask for this one.
        if last?.bodyIsWanted == true { _ = revision.makeBody() }
        state.withLock { state in
            if let last { state.history.remember(last.document, limit: settings.historyBytes) }
            state.revision = revision
            state.failure = nil
            state.bodyDigest = digest
            state.confirmedAtMilliseconds = answer.receivedAtMilliseconds
            // Under the lock, so that shards see revisions in their order, and one that attaches now sees each once.
            state.tellShards { $0.revisionArrived(revision) }
            if state.status?.state != .live {
                state.change(to: TopicStatus(state: .live, sinceMilliseconds: answer.receivedAtMilliseconds))
            }
        }
    }

    // MARK: What subscribers ask

    /// The newest version; nil before the first. Any thread.
    package var revision: Revision? { state.withLock { $0.revision } }

    /// Why there is no document, while there is none and a fetch has failed. Any thread.
    package var failure: SourceFailure? { state.withLock { $0.failure } }

    /// State of the upstream; nil before the first answer. Any thread.
    package var status: TopicStatus? { state.withLock { $0.status } }

    /// When the upstream last said that the document is true, in milliseconds of Unix time; 0 before the first answer.
    package var confirmedAtMilliseconds: Int64 { state.withLock { $0.confirmedAtMilliseconds } }

    /// What came of the newest fetch; nil before the first. Any thread.
    package var lastResult: PollResult? { state.withLock { $0.lastResult } }

    /// Bytes of bodies that the subscribers would have fetched, each on its own, less those fetched. Any thread.
    package var bytesSaved: Int { savedBytes.load(ordering: .relaxed) }

    /// Whether a version is still known: the newest or one of the history. Any thread.
    func knows(_ id: VersionID) -> Bool {
        state.withLock { $0.revision?.document.id == id || $0.history.contains(id) }
    }

    /// A version that is still known. Takes time in proportion to it: not for event loops.
    func document(_ id: VersionID) -> Document? {
        let (newest, kept) = state.withLock { ($0.revision?.document, $0.history[id]) }
        return newest?.id == id ? newest : kept?.document()
    }

    /// Where the holder of this version (nil: of none) stands. Takes time in proportion to it.
    func origin(_ held: VersionID?) -> Revision.Origin {
        guard let held else { return .nothing }
        guard let document = document(held) else { return .forgotten }
        return .version(document)
    }

    /// Subscriptions on all event loops. Any thread.
    package var subscriberCount: Int { subscribers.load(ordering: .relaxed) }

    /// How often the source looks at present; nil where that has no meaning.
    package var intervalMilliseconds: Int? { source.intervalMilliseconds }

    func subscriberCame() {
        subscribers.wrappingAdd(1, ordering: .relaxed)
        metrics.subscribers.wrappingAdd(1, ordering: .relaxed)
    }

    func subscriberWent() {
        subscribers.wrappingSubtract(1, ordering: .relaxed)
        metrics.subscribers.wrappingSubtract(1, ordering: .relaxed)
    }

    /// Looks for a new version now. Any thread.
    package func refresh() { source.refresh() }

    func attach(_ reference: TopicShard.Reference) -> Snapshot {
        state.withLock { state in
            state.shards[ObjectIdentifier(reference.loop)] = reference
            state.idleSince = nil
            return Snapshot(revision: state.revision, status: state.status, failure: state.failure)
        }
    }

    /// - Returns: whether ``expiry(at:)`` is to be asked for after `linger`.
    func detach(from loop: any EventLoop) -> Bool {
        state.withLock { state in
            state.shards[ObjectIdentifier(loop)] = nil
            guard state.shards.isEmpty else { return false }
            state.idleSince = loop.now
            guard !state.expiryIsPending else { return false }
            state.expiryIsPending = true
            return true
        }
    }

    var isIdle: Bool { state.withLock { $0.shards.isEmpty } }

    /// What becomes of the topic when somebody looks after it.
    enum Expiry {
        /// Somebody has it.
        case isUsed
        /// Nobody has had it for as long as it lingers.
        case isOver
        /// Nobody has it: to be asked for again then.
        case askAgain(at: NIODeadline)
    }

    func expiry(at now: NIODeadline) -> Expiry {
        state.withLock { state in
            guard let idleSince = state.idleSince else {
                state.expiryIsPending = false
                return .isUsed
            }
            let end = idleSince + TimeAmount(settings.linger)
            return now < end ? .askAgain(at: end) : .isOver
        }
    }

    func isWanted(_ format: DeliveryFormat) {
        state.withLock { $0.formats[format, default: 0] += 1 }
    }

    func isNoLongerWanted(_ format: DeliveryFormat) {
        state.withLock { state in
            let remaining = (state.formats[format] ?? 0) - 1
            state.formats[format] = remaining > 0 ? remaining : nil
        }
    }
}

extension Topic.State {
    /// One hop for each event loop, whatever the number of its subscribers.
    func tellShards(_ body: @escaping @Sendable (TopicShard) -> Void) {
        for reference in shards.values {
            reference.loop.execute { body(reference.shard.value) }
        }
    }

    mutating func change(to status: TopicStatus) {
        self.status = status
        tellShards { $0.statusChanged(status) }
    }
}
