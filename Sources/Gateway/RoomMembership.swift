/// A member's place in a room. Belongs to the member's event loop.
final class RoomMembership {
    private(set) weak var member: (any RoomMember)?
    /// The number of the last message that came before it.
    let joinedAt: Int
    private var shard: RoomShard?

    init(member: any RoomMember, joinedAt: Int, shard: RoomShard) {
        self.member = member
        self.joinedAt = joinedAt
        self.shard = shard
    }

    /// The room's name.
    var room: String { shard?.room.name ?? "" }

    /// Sends to everybody in the room, to this member only with `echo`.
    func publish(_ content: RoomMessage.Content, echo: Bool) {
        shard.map { $0.room.publish(content, through: $0, except: echo ? nil : self) }
    }

    /// Harmless a second time.
    func leave() {
        shard?.leave(self)
        shard = nil
    }
}
