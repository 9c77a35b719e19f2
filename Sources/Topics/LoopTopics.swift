import Broadcast
import NIOCore

/// The topics that have subscribers on one event loop. Belongs to that loop; not thread-safe.
package final class LoopTopics {
    let loop: any EventLoop
    let registry: TopicRegistry
    let broadcaster: FrameBroadcaster
    private var shards: [TopicKey: TopicShard] = [:]

    /// - Parameter broadcaster: of the same loop.
    package init(loop: any EventLoop, registry: TopicRegistry, broadcaster: FrameBroadcaster) {
        self.loop = loop
        self.registry = registry
        self.broadcaster = broadcaster
    }

    /// The loop's part of a topic; it leaves by itself when nobody on this loop listens any more.
    ///
    /// - Throws: ``TopicRefusal``.
    package func shard(for blueprint: TopicBlueprint) throws(TopicRefusal) -> TopicShard {
        if let shard = shards[blueprint.key], shard.topic.metrics === blueprint.metrics { return shard }
        let (reference, snapshot) = try registry.join(blueprint) { topic in
            TopicShard(topic: topic, owner: self).reference
        }
        let shard = reference.shard.value
        shard.begin(with: snapshot)
        shards[blueprint.key] = shard
        return shard
    }

    /// Gives up the topics of routes, each told by its counters: who has them keeps them to the end, who comes now gets
    /// new ones.
    package func retire(_ ended: [TopicMetrics]) {
        shards = shards.filter { entry in !ended.contains { $0 === entry.value.topic.metrics } }
        registry.retire(ended)
    }

    func shardIsIdle(_ shard: TopicShard) {
        if shards[shard.topic.key] === shard { shards[shard.topic.key] = nil }
        registry.leave(shard.topic, loop: loop)
    }
}
