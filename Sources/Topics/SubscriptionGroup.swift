import Broadcast
import NIOCore
import WebSocket

/// The subscribers of one format on one event loop. Belongs to that loop.
///
/// Most of them are *in step* most of the time: they hold the newest version and their sockets take bytes. The group keeps
/// their one position and, side by side, their sockets, so that a broadcast to them touches nothing else of theirs. A
/// member leaves the step when its socket takes no more, and has a position of its own until it has caught up.
final class SubscriptionGroup {
    private(set) var members: ContiguousArray<Subscription> = []
    /// For each member in step its socket; nil for the others.
    private var sockets: ContiguousArray<WebSocketHandler?> = []
    private var inStepCount = 0
    /// What the members in step hold.
    private var version: VersionID?
    /// Whether its members get the same bytes.
    private let sharesFrames: Bool

    init(format: DeliveryFormat) {
        sharesFrames = format.compression != .perConnection
    }

    func add(_ subscription: Subscription) {
        subscription.indexInGroup = members.count
        members.append(subscription)
        sockets.append(nil)
    }

    func remove(_ subscription: Subscription) {
        let index = subscription.indexInGroup
        guard index < members.count, members[index] === subscription else { return }
        if subscription.isInStep {
            subscription.isInStep = false
            inStepCount -= 1
        }
        let last = members.removeLast()
        let lastSocket = sockets.removeLast()
        if last !== subscription {
            members[index] = last
            sockets[index] = lastSocket
            last.indexInGroup = index
        }
    }

    /// Those who are not in step.
    var stragglers: [Subscription] {
        guard inStepCount < members.count else { return [] }
        return members.indices.compactMap { sockets[$0] == nil ? members[$0] : nil }
    }

    /// Puts a member into step whose position is settled at the version that the group has come to.
    func join(_ subscription: Subscription) {
        let index = subscription.indexInGroup
        guard sharesFrames, !subscription.isInStep, let version, let socket = subscription.sink?.socket,
            socket.directDescriptor >= 0, subscription.position.isSettled(at: version), index < members.count,
            members[index] === subscription
        else { return }
        subscription.isInStep = true
        sockets[index] = socket
        inStepCount += 1
    }

    /// Brings the members in step to a new version, and those whose sockets take nothing now out of step, at the version
    /// that they had.
    ///
    /// - Parameters:
    ///   - delivery: what everybody at `previous` gets, or everybody at all where `previous` is nil; nil: there is none.
    /// - Returns: how many were brought there.
    func advance(
        to version: VersionID,
        from previous: VersionID?,
        with delivery: Delivery?,
        by broadcaster: FrameBroadcaster,
        now: NIODeadline
    ) -> Int {
        let held = self.version
        self.version = version
        guard let held, held != version, inStepCount > 0 else { return 0 }
        guard let delivery, previous == nil || previous == held, case .wire(let frames) = delivery.body else {
            for index in members.indices { leaveStep(index, holding: held, now: now) }
            return 0
        }
        guard frames.readableBytes > 0 else { return inStepCount }
        let outcome = broadcaster.send(frames, to: sockets)
        for index in outcome.refused { leaveStep(index, holding: held, now: now) }
        let count = inStepCount
        // Whoever has a part of it holds this version: the rest goes out before anything else. All of them get it before the
        // first is flushed: that may end a connection, and what its end sets off may write to another of them.
        for (socket, written) in outcome.unfinished { socket.sendRest(of: frames, after: written, flush: false) }
        for (socket, _) in outcome.unfinished { socket.flush() }
        return count
    }

    private func leaveStep(_ index: Int, holding version: VersionID, now: NIODeadline) {
        guard sockets[index] != nil else { return }
        sockets[index] = nil
        inStepCount -= 1
        members[index].isInStep = false
        members[index].position.delivered(version, now: now)
    }
}
