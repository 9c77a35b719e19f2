/// What one upstream host (scheme, host and port) may be asked to bear, over all polls and fetches of a poller.
package struct UpstreamLimits: Sendable, Equatable {
    /// Requests under way at once, and so connections; at least 1. The others wait their turn, first come, first served.
    package var connectionsPerHost: Int
    /// Requests begun in a second, on average; a tenth of it (at least one) may begin at once. Nil: no limit.
    package var requestsPerSecond: Double?
    /// How long a `Retry-After` or a `max-age` can hold a poll off, at most; longer values count as this.
    package var longestHold: Duration
    /// Bytes of an answer's header section; a longer one fails as `invalid`.
    package var headerBytes: Int

    package init(
        connectionsPerHost: Int = 64,
        requestsPerSecond: Double? = nil,
        longestHold: Duration = .seconds(3600),
        headerBytes: Int = 64 << 10
    ) {
        self.connectionsPerHost = connectionsPerHost
        self.requestsPerSecond = requestsPerSecond
        self.longestHold = longestHold
        self.headerBytes = headerBytes
    }
}
