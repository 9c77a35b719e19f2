import NIOCore

/// One event loop's part of a topic: its subscribers, and the newest version as this loop knows it.
///
/// Belongs to its event loop. It lives as long as somebody on the loop subscribes or waits.
package final class TopicShard {
    /// Carries a shard's address across threads; only its own loop can look inside.
    struct Reference: Sendable {
        let loop: any EventLoop
        let shard: NIOLoopBound<TopicShard>
    }

    /// Shared by the shards of all event loops.
    package let topic: Topic
    private let loop: any EventLoop
    private unowned let owner: LoopTopics

    /// The newest version; nil before the first.
    package private(set) var revision: Revision?
    /// nil before the first answer of the upstream.
    package private(set) var status: TopicStatus?
    /// Why there is no document, while there is none and a fetch has failed.
    package private(set) var failure: SourceFailure?

    private var groups: [DeliveryFormat: SubscriptionGroup] = [:]
    private var waiters: [ObjectIdentifier: DocumentWaiter] = [:]
    private var inTheMaking: [Step: [Subscription]] = [:]
    /// Nobody on the loop had use for it any more: it hears no news, and another may have taken its place.
    private var hasLeft = false

    /// A delivery that a worker computes: from a version (nil: whole document) to the revision of that number.
    private struct Step: Hashable {
        var from: VersionID?
        var format: DeliveryFormat
        var sequence: Int
    }

    init(topic: Topic, owner: LoopTopics) {
        self.topic = topic
        self.owner = owner
        self.loop = owner.loop
    }

    var reference: Reference { Reference(loop: loop, shard: NIOLoopBound(self, eventLoop: loop)) }

    func begin(with snapshot: Topic.Snapshot) {
        revision = snapshot.revision
        status = snapshot.status
        failure = snapshot.failure
        // Someone asks for a shard in order to use it; if nobody did by the next turn, it is not needed.
        loop.assumeIsolated().execute { self.leaveIfIdle() }
    }

    // MARK: Subscribing

    /// Begins to push. The first delivery is written before this returns where its bytes are at hand.
    ///
    /// - Parameters:
    ///   - since: the version that the subscriber says it holds; one that is not known any more is as good as none.
    ///   - maximumRate: deliveries a second; nil for no limit.
    package func subscribe(
        _ sink: any SubscriberSink,
        format: DeliveryFormat,
        since: VersionID? = nil,
        maximumRate: Double? = nil
    ) -> Subscription {
        let held = revision == nil ? since : since.flatMap { topic.knows($0) ? $0 : nil }
        let subscription = Subscription(
            format: format,
            position: SubscriptionPosition(held: held, isClaim: revision == nil, maximumRate: maximumRate),
            sink: sink,
            shard: self
        )
        if let group = groups[format] {
            group.add(subscription)
        } else {
            topic.isWanted(format)
            let group = SubscriptionGroup(format: format)
            group.add(subscription)
            groups[format] = group
        }
        topic.subscriberCame()

        if let revision {
            if held == revision.document.id {
                if let current = encoder(format).current(revision.document.id) { write(current, to: subscription) }
            } else {
                carryOut(
                    subscription.position.becameReady(
                        newest: revision.document.id,
                        isReady: sink.isReady,
                        now: .now()
                    ),
                    for: subscription
                )
            }
            if let status, status.state == .stale, let message = encoder(format).status(status) {
                write(message, to: subscription)
            }
        } else if let failure, let message = encoder(format).failure(failure) {
            write(message, to: subscription)
        }
        return subscription
    }

    /// Asks once for a document that is not `unless`: answered at once where there is one, else at the next version, or
    /// with the failure where there is no document at all.
    ///
    /// - Returns: what cancels the wait; nil where the answer has been given already.
    package func awaitDocument(
        unless: VersionID? = nil,
        answer: @escaping (Result<Revision, SourceFailure>) -> Void
    ) -> DocumentWaiter? {
        if let revision, revision.document.id != unless {
            answer(.success(revision))
            return nil
        }
        if revision == nil, let failure {
            answer(.failure(failure))
            return nil
        }
        let waiter = DocumentWaiter(unless: unless, shard: self, answer: answer)
        waiters[ObjectIdentifier(waiter)] = waiter
        return waiter
    }

    func remove(_ subscription: Subscription) {
        groups[subscription.format]?.remove(subscription)
        if groups[subscription.format]?.members.isEmpty == true {
            groups[subscription.format] = nil
            topic.isNoLongerWanted(subscription.format)
        }
        topic.subscriberWent()
        leaveIfIdle()
    }

    func remove(_ waiter: DocumentWaiter) {
        waiters[ObjectIdentifier(waiter)] = nil
        leaveIfIdle()
    }

    private func leaveIfIdle() {
        guard !hasLeft, groups.isEmpty, waiters.isEmpty else { return }
        hasLeft = true
        owner.shardIsIdle(self)
    }

    // MARK: News from the topic

    func revisionArrived(_ revision: Revision) {
        guard revision.sequence > self.revision?.sequence ?? 0 else { return }
        self.revision = revision
        failure = nil
        let now = NIODeadline.now()
        for (format, group) in groups {
            broadcast(revision, to: group, format: format, now: now)
        }
        resolveWaiters { $0.unless == revision.document.id ? nil : .success(revision) }
    }

    func statusChanged(_ status: TopicStatus) {
        guard self.status != status else { return }
        let isNews = self.status.map(status.isNews(after:)) ?? (status.state == .stale)
        self.status = status
        if isNews { tellEverybody { $0.status(status) } }
    }

    func sourceFailed(_ failure: SourceFailure, isNews: Bool) {
        guard revision == nil else { return }
        self.failure = failure
        if isNews { tellEverybody { $0.failure(failure) } }
        resolveWaiters { _ in .failure(failure) }
    }

    private func broadcast(_ revision: Revision, to group: SubscriptionGroup, format: DeliveryFormat, now: NIODeadline)
    {
        let isSnapshot = format.mode == .snapshot
        let shared = revision.made(from: revision.previousID, format: format)
        var delivered = group.advance(
            to: revision.document.id,
            from: isSnapshot ? nil : revision.previousID,
            with: shared,
            by: owner.broadcaster,
            now: now
        )
        for subscription in group.stragglers {
            guard let sink = subscription.sink else { continue }
            if overtakes(subscription, revision) { topic.metrics.conflated.wrappingAdd(1, ordering: .relaxed) }
            let action = subscription.position.revisionArrived(
                revision.document.id,
                from: revision.previousID,
                anyPosition: isSnapshot,
                isReady: sink.isReady,
                now: now
            )
            if action == .deliverShared, let shared {
                subscription.position.delivered(revision.document.id, now: now)
                if !shared.isEmpty { sink.deliver(shared) }
                delivered += 1
            } else {
                carryOut(action, for: subscription)
            }
            group.join(subscription)
        }
        if let shared {
            count(shared, times: delivered)
            topic.metrics.add(latency: revision.receivedAt.duration(to: .now), times: delivered)
        }
    }

    /// Whether the version before this one will never be written to a subscriber.
    private func overtakes(_ subscription: Subscription, _ revision: Revision) -> Bool {
        switch subscription.position.state {
        case .idle: false
        case .behind: true
        case .making: subscription.goal != revision.sequence - 1
        }
    }

    private func tellEverybody(_ encode: (MessageEncoder) -> Delivery?) {
        for (format, group) in groups {
            guard let message = encode(encoder(format)) else { continue }
            for subscription in group.members {
                // Who takes nothing is told later how things stand then.
                guard subscription.sink?.isReady == true else {
                    subscription.isOwedStatus = true
                    continue
                }
                write(message, to: subscription)
            }
        }
    }

    private func resolveWaiters(_ result: (DocumentWaiter) -> Result<Revision, SourceFailure>?) {
        for waiter in Array(waiters.values) {
            guard let result = result(waiter) else { continue }
            waiters[ObjectIdentifier(waiter)] = nil
            waiter.resolve(result)
        }
        leaveIfIdle()
    }

    // MARK: Bringing one subscriber to the newest version

    func sinkBecameReady(_ subscription: Subscription, isWakeUp: Bool = false) {
        guard let sink = subscription.sink else { return }
        if subscription.isOwedStatus, sink.isReady {
            subscription.isOwedStatus = false
            let encoder = encoder(subscription.format)
            let message = revision == nil ? failure.flatMap(encoder.failure) : status.flatMap(encoder.status)
            if let message { write(message, to: subscription) }
        }
        // In step it has the newest version.
        guard !subscription.isInStep else { return }
        carryOut(
            subscription.position.becameReady(
                newest: revision?.document.id,
                isReady: sink.isReady,
                isWakeUp: isWakeUp,
                now: .now()
            ),
            for: subscription
        )
    }

    private func carryOut(_ action: SubscriptionPosition.Action, for subscription: Subscription) {
        switch action {
        case .none, .deliverMade:
            break
        case .confirm:
            guard let revision else { break }
            if let current = encoder(subscription.format).current(revision.document.id) {
                write(current, to: subscription)
            }
        case .deliverShared:
            // The shared bytes were not made ahead for this format, which has just got its first subscriber.
            subscription.position.isBeingMade()
            make(from: revision?.previousID, for: subscription)
        case .make(let from):
            make(from: from, for: subscription)
        case .wakeAt(let deadline):
            let subscription = NIOLoopBound(subscription, eventLoop: loop)
            loop.scheduleTask(deadline: deadline) {
                let subscription = subscription.value
                subscription.shard?.sinkBecameReady(subscription, isWakeUp: true)
            }
        }
    }

    /// Has a worker make the step, once however many subscribers need the same.
    private func make(from: VersionID?, for subscription: Subscription) {
        guard let revision else { return }
        subscription.goal = revision.sequence
        let format = subscription.format
        let step = Step(from: format.mode == .snapshot ? nil : from, format: format, sequence: revision.sequence)
        if let made = revision.made(from: step.from, format: format) {
            stepMade(made, revision: revision, for: [subscription])
            return
        }
        if inTheMaking[step] != nil {
            inTheMaking[step]?.append(subscription)
            return
        }
        inTheMaking[step] = [subscription]
        let reference = reference
        let topic = topic
        Task {
            let made = revision.make(from: topic.origin(step.from), format: format)
            reference.loop.execute {
                let shard = reference.shard.value
                guard let waiting = shard.inTheMaking.removeValue(forKey: step) else { return }
                shard.stepMade(made, revision: revision, for: waiting)
            }
        }
    }

    private func stepMade(_ made: Delivery, revision: Revision, for subscriptions: [Subscription]) {
        let now = NIODeadline.now()
        var delivered = 0
        for subscription in subscriptions {
            guard let sink = subscription.sink else { continue }
            guard subscription.position.stepMade(isReady: sink.isReady) == .deliverMade else {
                if revision.sequence != self.revision?.sequence {
                    topic.metrics.conflated.wrappingAdd(1, ordering: .relaxed)
                }
                continue
            }
            subscription.position.delivered(revision.document.id, now: now)
            if !made.isEmpty { sink.deliver(made) }
            delivered += 1
            if let newest = self.revision, newest.sequence != revision.sequence {
                sinkBecameReady(subscription)
            }
        }
        count(made, times: delivered)
    }

    private func write(_ delivery: Delivery, to subscription: Subscription) {
        guard let sink = subscription.sink else { return }
        sink.deliver(delivery)
        count(delivery, times: 1)
    }

    private func count(_ delivery: Delivery, times: Int) {
        guard !delivery.isEmpty else { return }
        topic.metrics.add(
            deliveries: times * delivery.messageCount,
            of: delivery.kind,
            bytes: times * delivery.byteCount
        )
    }

    private func encoder(_ format: DeliveryFormat) -> MessageEncoder {
        MessageEncoder(topicName: topic.key.name, format: format)
    }
}
