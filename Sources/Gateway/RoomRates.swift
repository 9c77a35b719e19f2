import NIOCore
import WebSocket

/// What one client may still send to the rooms that it is or has been in: leaving a room and coming back brings no new
/// allowance. Belongs to the client's event loop.
final class RoomRates {
    private var buckets: [String: MessageRateLimit.Bucket] = [:]

    /// How many rooms are remembered of which the client has used up something.
    private static let maximum = 10_000

    /// Whether one more message to the room is within the limit.
    func takes(_ limit: MessageRateLimit, room: String, at now: NIODeadline) -> Bool {
        guard buckets[room] != nil || makesPlace(at: now) else { return false }
        return buckets[room, default: MessageRateLimit.Bucket(limit, now: now)].takes(at: now)
    }

    /// A bucket that is full again is as good as none.
    private func makesPlace(at now: NIODeadline) -> Bool {
        guard buckets.count >= Self.maximum else { return true }
        for (room, var bucket) in buckets where bucket.isFull(at: now) { buckets[room] = nil }
        return buckets.count < Self.maximum
    }
}
