import NIOCore
import Topics

/// One event loop's members of a room. Belongs to that loop.
final class RoomShard {
    /// Carries a shard's address across threads; only its own loop can look inside.
    struct Reference: Sendable {
        let loop: any EventLoop
        let shard: NIOLoopBound<RoomShard>
    }

    let room: Room
    let loop: any EventLoop
    /// The number of the last message that came here; a new shard begins where the room stands.
    private(set) var lastDelivered: Int
    private unowned let owner: LoopRooms
    private var members: [ObjectIdentifier: RoomMembership] = [:]

    init(room: Room, owner: LoopRooms) {
        self.room = room
        self.owner = owner
        loop = owner.loop
        lastDelivered = room.sequence
    }

    /// Takes a member in; the history is delivered to it before this returns.
    func enter(_ member: any RoomMember) -> RoomMembership {
        let form = member.form
        let (history, sequence) = room.history(for: form)
        let membership = RoomMembership(member: member, joinedAt: sequence, shard: self)
        members[ObjectIdentifier(membership)] = membership
        if !history.isEmpty { member.welcome(history.map { $0.body(for: form) }) }
        return membership
    }

    func leave(_ membership: RoomMembership) {
        members[ObjectIdentifier(membership)] = nil
        endIfEmpty()
    }

    /// Harmless a second time.
    func endIfEmpty() {
        if members.isEmpty { owner.isEmpty(self) }
    }

    func deliver(_ message: RoomMessage, sequence: Int, except sender: ObjectIdentifier?) {
        lastDelivered = sequence
        for (id, membership) in members where id != sender && membership.joinedAt < sequence {
            guard let member = membership.member else { continue }
            member.deliver(message.body(for: member.form))
        }
    }
}
