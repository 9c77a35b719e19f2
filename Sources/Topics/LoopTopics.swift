import NIOCore

/// The topics that have subscribers on one event loop. Belongs to that loop; not thread-safe.
package final class LoopTopics {
    let loop: any EventLoop
    let registry: TopicRegistry
    private var shards: [TopicKey: TopicShard] = [:]

    package init(loop: any EventLoop, registry: TopicRegistry) {
        self.loop = loop
        self.registry = registry
    }

    /// The loop's part of a topic; it leaves by itself when nobody on this loop listens any more.
    ///
    /// - Throws: ``TopicRefusal``.
    package func shard(for blueprint: TopicBlueprint) throws(TopicRefusal) -> TopicShard {
        if let shard = shards[blueprint.key] { return shard }
        let (reference, snapshot) = try registry.join(blueprint) { topic in
            TopicShard(topic: topic, owner: self).reference
        }
        let shard = reference.shard.value
        shard.begin(with: snapshot)
        shards[blueprint.key] = shard
        return shard
    }

    func shardIsIdle(_ shard: TopicShard) {
        guard shards[shard.topic.key] === shard else { return }
        shards[shard.topic.key] = nil
        registry.leave(shard.topic, loop: loop)
    }
}
