/// Gives polls that begin together different phases, so that their second and later fetches do not come together.
struct PhaseSpread {
    /// This long without a new poll ends a burst.
    static let quiet = Nanoseconds.second

    private var count = 0
    private var latest: Moment?

    /// A fraction of the interval, 0..<1; 0 for a poll that begins alone. The first few of a burst stay close together:
    /// so few requests at once harm nobody, and they keep their full first interval almost whole. Further ones are
    /// spread over the interval by the golden ratio, whose multiples never bunch up.
    mutating func next(now: Moment) -> Double {
        if let latest, now - latest < Self.quiet { count += 1 } else { count = 0 }
        latest = now
        guard count >= 16 else { return Double(count) / 64 }
        let turns = Double(count) * 0.618_033_988_749_895
        return turns - turns.rounded(.down)
    }
}
