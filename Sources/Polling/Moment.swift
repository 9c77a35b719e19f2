import Glibc

/// Nanoseconds on the monotonic clock. Rules about time take a `Moment` as an argument, so that tests can make them up.
struct Moment: Comparable, Hashable {
    var nanoseconds: Int64

    static func now() -> Moment {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Moment(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    static func < (a: Moment, b: Moment) -> Bool { a.nanoseconds < b.nanoseconds }
    static func + (moment: Moment, span: Nanoseconds) -> Moment {
        Moment(nanoseconds: moment.nanoseconds &+ span)
    }
    static func - (a: Moment, b: Moment) -> Nanoseconds { a.nanoseconds &- b.nanoseconds }
}

typealias Nanoseconds = Int64

extension Nanoseconds {
    static let second: Nanoseconds = 1_000_000_000
    static let millisecond: Nanoseconds = 1_000_000
    /// Some 73 years: added to any moment it does not overflow.
    static let longest: Nanoseconds = .max / 4

    /// Clamped to 0...`longest`.
    init(clamping duration: Duration) {
        let (seconds, attoseconds) = duration.components
        guard seconds < Self.longest / .second else {
            self = .longest
            return
        }
        self = Swift.max(0, seconds * .second + attoseconds / 1_000_000_000)
    }

    /// Clamped to 0...`longest`.
    func scaled(by factor: Double) -> Nanoseconds {
        let scaled = Double(self) * factor
        return scaled < Double(Self.longest) ? Nanoseconds(Swift.max(scaled, 0)) : .longest
    }

    var duration: Duration { .nanoseconds(self) }
    var seconds: Double { Double(self) / 1e9 }
}

/// Unix time in milliseconds.
func wallClockMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}
