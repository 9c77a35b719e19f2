import NIOCore
import Synchronization
import Topics

/// Someone who is in a room. Belongs to one event loop.
protocol RoomMember: AnyObject {
    var form: RoomMessage.Form { get }
    func deliver(_ body: Delivery.Body)
}

/// Where the clients of a channel route meet: every message goes to everybody else, in one order for all.
///
/// Thread-safe. Each event loop has a ``RoomShard`` with its own members.
final class Room: Sendable {
    let name: String
    private let state: Mutex<State>

    private struct State {
        /// Counts messages, so that a newcomer gets each once: from the history or as it comes.
        var sequence = 0
        /// Messages that are kept for newcomers.
        var historyLength: Int
        var history: [RoomMessage] = []
        var shards: [ObjectIdentifier: RoomShard.Reference] = [:]
    }

    init(name: String, historyLength: Int) {
        self.name = name
        state = Mutex(State(historyLength: historyLength))
    }

    /// Keeps so many messages from now on: a reload may have changed the route.
    func keep(_ historyLength: Int) {
        state.withLock { state in
            guard state.historyLength != historyLength else { return }
            state.historyLength = historyLength
            state.history = Array(state.history.suffix(historyLength))
        }
    }

    /// Sends to all members but `sender` (nil: to all). On the event loop of `shard`, through which it comes.
    ///
    /// Where that is the only loop with members, and nothing is on its way to it, the message is delivered before this
    /// returns; else each loop gets it in its next turn. Either way all members see one order.
    func publish(_ content: RoomMessage.Content, through shard: RoomShard, except sender: RoomMembership?) {
        let message = RoomMessage(content: content, topicName: name)
        let sender = sender.map(ObjectIdentifier.init)
        let lastDelivered = shard.lastDelivered
        let loop = ObjectIdentifier(shard.loop)
        let sequence = state.withLock { state -> Int? in
            state.sequence += 1
            let sequence = state.sequence
            if state.historyLength > 0 {
                if state.history.count == state.historyLength { state.history.removeFirst() }
                state.history.append(message)
            }
            if state.shards.count == 1, state.shards[loop] != nil, lastDelivered == sequence - 1 { return sequence }
            // Under the lock, so that all event loops see the messages in one order.
            for reference in state.shards.values {
                reference.loop.execute { reference.shard.value.deliver(message, sequence: sequence, except: sender) }
            }
            return nil
        }
        if let sequence { shard.deliver(message, sequence: sequence, except: sender) }
    }

    func attach(_ reference: RoomShard.Reference) {
        state.withLock { $0.shards[ObjectIdentifier(reference.loop)] = reference }
    }

    /// - Returns: whether nobody is left.
    func detach(_ loop: any EventLoop) -> Bool {
        state.withLock { state in
            state.shards[ObjectIdentifier(loop)] = nil
            return state.shards.isEmpty
        }
    }

    var isEmpty: Bool { state.withLock { $0.shards.isEmpty } }

    var keepsHistory: Bool { state.withLock { $0.historyLength > 0 } }

    /// What a newcomer is sent, and the number of the last message that is part of it.
    var present: (history: [RoomMessage], sequence: Int) { state.withLock { ($0.history, $0.sequence) } }
}

/// All rooms of the process. An empty room with a history is kept for a while, for those who come back.
package final class RoomRegistry: Sendable {
    private let rooms = Mutex<[String: Room]>([:])
    private static let linger = TimeAmount.minutes(10)

    package init() {}

    func join(
        name: String,
        historyLength: Int,
        makeShard: (Room) -> RoomShard.Reference
    ) -> RoomShard.Reference {
        rooms.withLock { rooms in
            let room = rooms[name] ?? Room(name: name, historyLength: historyLength)
            rooms[name] = room
            room.keep(historyLength)
            let reference = makeShard(room)
            room.attach(reference)
            return reference
        }
    }

    func leave(_ room: Room, loop: any EventLoop) {
        guard room.detach(loop) else { return }
        if room.keepsHistory {
            loop.scheduleTask(in: Self.linger) { self.forget(room) }
        } else {
            forget(room)
        }
    }

    private func forget(_ room: Room) {
        rooms.withLock { rooms in
            if rooms[room.name] === room, room.isEmpty { rooms[room.name] = nil }
        }
    }
}

/// The rooms that have members on one event loop. Belongs to that loop.
final class LoopRooms {
    fileprivate let loop: any EventLoop
    private let registry: RoomRegistry
    private var shards: [String: RoomShard] = [:]

    init(loop: any EventLoop, registry: RoomRegistry) {
        self.loop = loop
        self.registry = registry
    }

    /// Enters a room; its history is delivered before this returns.
    func enter(_ name: String, historyLength: Int, member: any RoomMember) -> RoomMembership {
        let shard: RoomShard
        if let known = shards[name] {
            shard = known
            shard.room.keep(historyLength)
        } else {
            let reference = registry.join(name: name, historyLength: historyLength) { room in
                RoomShard.Reference(
                    loop: loop,
                    shard: NIOLoopBound(RoomShard(room: room, owner: self), eventLoop: loop)
                )
            }
            shard = reference.shard.value
            shards[name] = shard
        }
        return shard.enter(member)
    }

    fileprivate func isEmpty(_ shard: RoomShard) {
        guard shards[shard.room.name] === shard else { return }
        shards[shard.room.name] = nil
        registry.leave(shard.room, loop: loop)
    }
}

/// One event loop's members of a room. Belongs to that loop.
final class RoomShard {
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
        lastDelivered = room.present.sequence
    }

    fileprivate func enter(_ member: any RoomMember) -> RoomMembership {
        let (history, sequence) = room.present
        let membership = RoomMembership(member: member, joinedAt: sequence, shard: self)
        members[ObjectIdentifier(membership)] = membership
        for message in history { member.deliver(message.body(for: member.form)) }
        return membership
    }

    fileprivate func leave(_ membership: RoomMembership) {
        members[ObjectIdentifier(membership)] = nil
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

/// A member's place in a room. Belongs to the member's event loop.
final class RoomMembership {
    fileprivate private(set) weak var member: (any RoomMember)?
    fileprivate let joinedAt: Int
    private var shard: RoomShard?

    fileprivate init(member: any RoomMember, joinedAt: Int, shard: RoomShard) {
        self.member = member
        self.joinedAt = joinedAt
        self.shard = shard
    }

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
