import Histogram
import NIOCore

/// What the connections of one event loop have seen since it was last taken. Times are nanoseconds.
struct LoadCounts: Sendable {
    typealias Times = Histogram<UInt64>

    var messages = 0
    var bytes = 0
    var sent = 0
    /// From sending, or from when it was due, to receiving.
    var latency = Self.times()
    /// From a message's first arrival at any connection to this one's.
    var spread = Self.times()
    /// How late the loop came to what it had to do.
    var lag = Self.times()
    /// Connections that ended while they were needed, by reason.
    var lost: [String: Int] = [:]
    /// Bytes that came back and were not what was sent.
    var foreign = 0

    static func times() -> Times {
        var times = Times(highestTrackableValue: 60_000_000_000, numberOfSignificantValueDigits: .three)
        times.autoResize = true
        return times
    }

    mutating func add(_ other: LoadCounts) {
        messages += other.messages
        bytes += other.bytes
        sent += other.sent
        latency.add(other.latency)
        spread.add(other.spread)
        lag.add(other.lag)
        lost.merge(other.lost, uniquingKeysWith: +)
        foreign += other.foreign
    }
}

/// Counts for one event loop, and measures how late it is. Belongs to that loop.
final class LoopRecorder {
    /// How often the loop's lateness is looked at.
    private static let beat = TimeAmount.milliseconds(10)

    var counts = LoadCounts()
    /// Messages outside the window that is measured are not counted.
    var isMeasuring = false
    /// Connections that end while this is true are lost.
    var isRunning = true
    private var heartbeat: RepeatedTask?
    private var due = NIODeadline.now()

    /// On the loop.
    func begin(on loop: any EventLoop) {
        due = NIODeadline.now() + Self.beat
        let recorder = NIOLoopBound(self, eventLoop: loop)
        heartbeat = loop.scheduleRepeatedTask(initialDelay: Self.beat, delay: Self.beat) { _ in
            recorder.value.look(.now())
        }
    }

    private func look(_ now: NIODeadline) {
        if isMeasuring { counts.lag.record(UInt64(max(0, (now - due).nanoseconds))) }
        due = now + Self.beat
    }

    func end() {
        isMeasuring = false
        isRunning = false
        heartbeat?.cancel()
        heartbeat = nil
    }

    /// Begins anew.
    func take() -> LoadCounts {
        defer { counts = LoadCounts() }
        return counts
    }
}
