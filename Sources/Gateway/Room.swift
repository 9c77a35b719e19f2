import NIOCore
import Synchronization

/// Where the clients of a channel route meet: every message goes to everybody else, in one order for all.
///
/// Thread-safe. Each event loop has a ``RoomShard`` with its own members.
final class Room: Sendable {
    /// What newcomers are sent at most.
    struct HistoryBounds: Sendable, Equatable {
        var messages: Int
        /// Of what their senders sent.
        var bytes: Int
    }

    let name: String
    /// The path of the route that counts it.
    let route: String
    private let state: Mutex<State>

    private struct State {
        var bounds: HistoryBounds
        /// Counts messages, so that a newcomer gets each once: from the history or as it comes.
        var sequence = 0
        var history = CircularBuffer<RoomMessage>()
        var historyBytes = 0
        var shards: [ObjectIdentifier: RoomShard.Reference] = [:]

        mutating func remember(_ message: RoomMessage) {
            guard bounds.messages > 0 else { return }
            // What was said before has gone out by now, to members of every kind.
            history.last?.forgetEncodings(but: Room.keptEncodings)
            history.append(message)
            historyBytes += message.byteCount
            forgetOldest()
        }

        mutating func keep(within bounds: HistoryBounds) {
            guard self.bounds != bounds else { return }
            self.bounds = bounds
            forgetOldest()
        }

        private mutating func forgetOldest() {
            while history.count > bounds.messages || historyBytes > bounds.bytes {
                historyBytes -= history.removeFirst().byteCount
            }
        }
    }

    /// Newcomers come in few forms, and mostly in those in which others are there already.
    private static let keptEncodings = 3

    init(name: String, route: String, bounds: HistoryBounds) {
        self.name = name
        self.route = route
        state = Mutex(State(bounds: bounds))
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
            state.remember(message)
            if state.shards.count == 1, state.shards[loop] != nil, lastDelivered == sequence - 1 { return sequence }
            // Under the lock, so that all event loops see the messages in one order.
            for reference in state.shards.values {
                reference.loop.execute { reference.shard.value.deliver(message, sequence: sequence, except: sender) }
            }
            return nil
        }
        if let sequence { shard.deliver(message, sequence: sequence, except: sender) }
    }

    /// - Parameter bounds: the route's, which a reload may have changed.
    func attach(_ reference: RoomShard.Reference, bounds: HistoryBounds) {
        state.withLock { state in
            state.shards[ObjectIdentifier(reference.loop)] = reference
            state.keep(within: bounds)
        }
    }

    /// Keeps within these bounds from now on: a reload may have changed the route.
    func keep(within bounds: HistoryBounds) {
        state.withLock { $0.keep(within: bounds) }
    }

    /// - Returns: whether nobody is left.
    func detach(_ loop: any EventLoop) -> Bool {
        state.withLock { state in
            state.shards[ObjectIdentifier(loop)] = nil
            return state.shards.isEmpty
        }
    }

    /// Whether no event loop has members.
    var isEmpty: Bool { state.withLock { $0.shards.isEmpty } }

    /// Bytes that the history holds, once there are no encodings of it: for a room that nobody is in.
    func forgetEncodings() -> Int {
        state.withLock { state in
            for message in state.history { message.forgetEncodings(but: 0) }
            return state.historyBytes
        }
    }

    /// The number of the last message.
    var sequence: Int { state.withLock { $0.sequence } }

    /// What a newcomer is sent, and the number of the last message that is part of it.
    func history(for form: RoomMessage.Form) -> (messages: [RoomMessage], sequence: Int) {
        state.withLock { state in
            for message in state.history { message.forgetEncodings(but: Self.keptEncodings, sparing: form) }
            return (Array(state.history), state.sequence)
        }
    }
}
