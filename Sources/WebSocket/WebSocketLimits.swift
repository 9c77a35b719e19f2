/// What a peer may make us spend. A header that announces more ends the connection with 1009 before any payload is
/// looked at.
package struct WebSocketLimits: Sendable, Hashable {
    /// The longest payload of one data frame, in bytes as they travel (compressed, where compression is on).
    package var maxFrame: Int
    /// The longest message, in bytes: the sum of its frames' payloads, and again what it inflates to. `Int.max` where
    /// messages are handed on as they arrive, as in a tunnel.
    package var maxMessage: Int
    /// How many messages the peer may send; past it the connection ends with 1008. Nil: no bound.
    package var rate: MessageRateLimit?

    /// - Parameters:
    ///   - maxFrame: 1...; defaults to `maxMessage`.
    ///   - maxMessage: 1...
    ///   - rate: nil for no bound.
    package init(maxFrame: Int? = nil, maxMessage: Int = 1 << 20, rate: MessageRateLimit? = nil) {
        self.maxFrame = maxFrame ?? maxMessage
        self.maxMessage = maxMessage
        self.rate = rate
    }
}
