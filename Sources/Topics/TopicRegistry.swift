import NIOCore
import Synchronization

/// Why a topic cannot be had.
package enum TopicRefusal: Error, Equatable, CustomStringConvertible {
    /// The route holds as many topics as its `maxTopics` allows.
    case tooManyTopics(limit: Int)

    package var description: String {
        switch self {
        case .tooManyTopics(let limit): "this route already holds \(limit) topics, its limit (maxTopics)"
        }
    }
}

/// All living topics of the process. A topic lives from its first subscriber until `linger` after its last.
package final class TopicRegistry: Sendable {
    private let topics = Mutex<[TopicKey: Topic]>([:])
    /// Topics of routes that a new configuration has changed or removed, until their last subscriber has gone.
    private let retired = Mutex<[ObjectIdentifier: Topic]>([:])

    package init() {}

    /// The living topics. Any thread.
    package var all: [Topic] { topics.withLock { Array($0.values) } }

    /// Attaches a new shard of an event loop to its topic, which is brought to life where it does not live yet.
    ///
    /// - Throws: ``TopicRefusal``.
    func join(
        _ blueprint: TopicBlueprint,
        makeShard: (Topic) -> TopicShard.Reference
    ) throws(TopicRefusal) -> (TopicShard.Reference, Topic.Snapshot) {
        let joined = topics.withLock {
            topics -> Result<(Topic, TopicShard.Reference, Topic.Snapshot, isNew: Bool), TopicRefusal> in
            if let topic = topics[blueprint.key], topic.metrics === blueprint.metrics {
                let reference = makeShard(topic)
                return .success((topic, reference, topic.attach(reference), false))
            }
            let limit = blueprint.settings.maximumTopics
            guard blueprint.metrics.topics.load(ordering: .relaxed) < limit else {
                return .failure(.tooManyTopics(limit: limit))
            }
            if let old = topics[blueprint.key] { retired.withLock { $0[ObjectIdentifier(old)] = old } }
            let topic = Topic(blueprint: blueprint)
            topics[blueprint.key] = topic
            topic.metrics.topics.wrappingAdd(1, ordering: .relaxed)
            let reference = makeShard(topic)
            return .success((topic, reference, topic.attach(reference), true))
        }
        let (topic, reference, snapshot, isNew) = try joined.get()
        if isNew { topic.source.start(delivering: topic) }
        return (reference, snapshot)
    }

    /// Detaches the shard of `loop`, on that loop. The source goes on for `linger` after the last.
    func leave(_ topic: Topic, loop: any EventLoop) {
        guard topic.detach(from: loop) else { return }
        expire(topic, at: loop.now + TimeAmount(topic.settings.linger), on: loop)
    }

    private func expire(_ topic: Topic, at deadline: NIODeadline, on loop: any EventLoop) {
        loop.scheduleTask(deadline: deadline) {
            switch self.topics.withLock({ self.expiry(of: topic, in: &$0, at: loop.now) }) {
            case .isUsed:
                break
            case .askAgain(let deadline):
                self.expire(topic, at: deadline, on: loop)
            case .isOver:
                topic.metrics.topics.wrappingSubtract(1, ordering: .relaxed)
                topic.source.stop()
            }
        }
    }

    /// Takes a topic out whose time is over: under the lock, so that nobody joins it in between.
    private func expiry(of topic: Topic, in topics: inout [TopicKey: Topic], at now: NIODeadline) -> Topic.Expiry {
        let expiry = topic.expiry(at: now)
        guard case .isOver = expiry else { return expiry }
        if topics[topic.key] === topic {
            topics[topic.key] = nil
            return .isOver
        }
        // Else it has been stopped with its route or with the process.
        let isRetired = retired.withLock { $0.removeValue(forKey: ObjectIdentifier(topic)) != nil }
        return isRetired ? .isOver : .isUsed
    }

    /// Gives up the topics of routes, each told by its counters. Those that nobody has end now, the others with their last subscriber.
    func retire(_ routes: [TopicMetrics]) {
        let idle = topics.withLock { topics -> [Topic] in
            let ended = topics.values.filter { topic in routes.contains { $0 === topic.metrics } }
            for topic in ended { topics[topic.key] = nil }
            let used = ended.filter { !$0.isIdle }
            retired.withLock { retired in
                for topic in used { retired[ObjectIdentifier(topic)] = topic }
            }
            return ended.filter { topic in !used.contains { $0 === topic } }
        }
        for topic in idle {
            topic.metrics.topics.wrappingSubtract(1, ordering: .relaxed)
            topic.source.stop()
        }
    }

    /// Stops every source; for the end of the process.
    package func stopAll() {
        let all = topics.withLock { topics in
            defer { topics = [:] }
            return Array(topics.values)
                + retired.withLock { retired in
                    defer { retired = [:] }
                    return Array(retired.values)
                }
        }
        for topic in all { topic.source.stop() }
    }
}
