import NIOCore
import Synchronization

/// When each message first came to any connection. A message is told by its bytes; one that comes again on a connection
/// that has had it is another one.
final class Arrivals: Sendable {
    struct Arrival: Sendable {
        /// Grows with each new message.
        let number: UInt64
        let time: NIODeadline
    }

    private struct State {
        var arrivals: [UInt64: Arrival] = [:]
        var number: UInt64 = 0
    }

    /// Messages that are remembered, at most.
    private static let capacity = 8192

    private let state = Mutex(State())

    /// - Parameters:
    ///   - last: the number of what the connection had before.
    ///   - now: what it is first seen at, where it is new.
    func first(of message: UInt64, after last: UInt64, now: NIODeadline) -> Arrival {
        state.withLock { state in
            if let known = state.arrivals[message], known.number > last { return known }
            if state.arrivals.count >= Self.capacity {
                let oldest = state.number - UInt64(Self.capacity) / 2
                state.arrivals = state.arrivals.filter { $0.value.number > oldest }
            }
            state.number += 1
            let arrival = Arrival(number: state.number, time: now)
            state.arrivals[message] = arrival
            return arrival
        }
    }
}

/// What one event loop knows of ``Arrivals``, so that the lock is taken once a message and loop. Belongs to the loop.
final class LoopArrivals {
    private let shared: Arrivals
    private var known: [UInt64: Arrivals.Arrival] = [:]

    init(_ shared: Arrivals) {
        self.shared = shared
    }

    func first(of message: UInt64, after last: UInt64, now: NIODeadline) -> Arrivals.Arrival {
        if let arrival = known[message], arrival.number > last { return arrival }
        if known.count >= 1024 { known.removeAll(keepingCapacity: true) }
        let arrival = shared.first(of: message, after: last, now: now)
        known[message] = arrival
        return arrival
    }
}

extension ByteBuffer {
    /// A quick digest (FNV-1a by words): to tell a run's messages apart, not against anybody's will.
    var digest: UInt64 {
        var digest: UInt64 = 0xcbf2_9ce4_8422_2325 ^ UInt64(readableBytes)
        var index = readerIndex
        while let word = getInteger(at: index, as: UInt64.self) {
            digest = (digest ^ word) &* 0x0000_0100_0000_01b3
            digest ^= digest >> 29
            index += 8
        }
        while index < writerIndex, let byte = getInteger(at: index, as: UInt8.self) {
            digest = (digest ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
            index += 1
        }
        return digest
    }
}
