/// How long to wait before a connection is made again.
package struct ReconnectDelay: Sendable, Hashable {
    /// After the first failure, at most.
    package var first = Duration.milliseconds(500)
    /// After many, at most.
    package var longest = Duration.seconds(30)
    /// After close 1013 (try again later), at least.
    package var busy = Duration.seconds(5)
    /// After close 1001 (the bridge stops), up to so much more: everybody else was told at the same time.
    package var spread = Duration.seconds(2)

    /// The defaults.
    package init() {}

    /// - Parameters:
    ///   - code: the close code (RFC 6455 section 7.4); nil: the connection could not be opened.
    ///   - attempt: attempts that have failed in a row.
    ///   - random: in 0…1.
    package func delay(after code: Int?, attempt: Int, random: () -> Double = { .random(in: 0...1) }) -> Duration {
        let ceiling = min(longest, first * (1 << min(attempt, 16)))
        let delay = ceiling * (0.5 + random() / 2)
        return switch code {
        case 1013: max(busy, delay) * (1 + random())
        case 1001: delay + spread * random()
        default: delay
        }
    }
}
