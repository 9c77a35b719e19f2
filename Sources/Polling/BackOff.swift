/// How long a poll stays away from an upstream that fails.
///
/// The first retry comes after about one interval, so that a short hiccup costs one beat; each further one waits twice
/// as long, up to the cap: eight intervals, but no less than 5 s and no more than 30 s, and never less than the
/// interval. An upstream that was away for a time is thus found again after at most about as long again. The wait is
/// spread by ±20 %, so that polls which failed together do not come back together. One good answer ends it all: each
/// attempt is a single request, and the probe that tells whether the upstream is back.
struct BackOff: Equatable {
    private(set) var failures = 0

    /// The wait from now until the next attempt. `jitter` is in 0..<1.
    mutating func failed(interval: Nanoseconds, jitter: Double) -> Nanoseconds {
        failures += 1
        let cap = max(interval, min(max(interval.scaled(by: 8), 5 * .second), 30 * .second))
        let doubled = interval.scaled(by: Double(1 << min(failures - 1, 30)))
        return min(doubled, cap).scaled(by: 0.8 + 0.4 * jitter)
    }

    mutating func succeeded() { failures = 0 }
}
