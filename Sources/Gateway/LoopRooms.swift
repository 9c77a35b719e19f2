import NIOCore

/// The rooms that have members on one event loop. Belongs to that loop.
final class LoopRooms {
    let loop: any EventLoop
    private let registry: RoomRegistry
    private var shards: [String: RoomShard] = [:]

    init(loop: any EventLoop, registry: RoomRegistry) {
        self.loop = loop
        self.registry = registry
    }

    /// The loop's part of a room, to be entered before the loop's turn ends; the room is made where there is none.
    ///
    /// - Throws: 503 where the route may have no more rooms.
    func shard(of name: String, on route: GatewayRoute, _ service: ChannelService) throws(Problem) -> RoomShard {
        let bounds = Room.HistoryBounds(messages: service.history, bytes: service.buffer)
        if let known = shards[name] {
            known.room.keep(within: bounds)
            return known
        }
        let reference: RoomShard.Reference
        do {
            reference = try registry.join(
                name: name,
                route: route.pattern.text,
                bounds: bounds,
                maximum: service.maximumRooms
            ) { room in
                RoomShard.Reference(
                    loop: loop,
                    shard: NIOLoopBound(RoomShard(room: room, owner: self), eventLoop: loop)
                )
            }
        } catch {
            throw .unavailable("\(error)")
        }
        let shard = reference.shard.value
        shards[name] = shard
        // Who asked may have gone before the room could be entered.
        loop.assumeIsolated().execute { shard.endIfEmpty() }
        return shard
    }

    func isEmpty(_ shard: RoomShard) {
        guard shards[shard.room.name] === shard else { return }
        shards[shard.room.name] = nil
        registry.leave(shard.room, loop: loop)
    }
}
