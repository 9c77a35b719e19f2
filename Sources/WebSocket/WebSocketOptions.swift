import NIOCore

/// How a `WebSocketHandler` behaves besides the protocol itself.
package struct WebSocketOptions: Sendable {
    /// How messages are handed on.
    package var delivery: WebSocketSession.Delivery = .whole
    /// The peer is pinged after so long a silence; nil: never.
    package var pingInterval: TimeAmount? = .seconds(30)
    /// The connection ends when the peer sent nothing for so long; nil: never. Longer than `pingInterval`.
    package var silenceTimeout: TimeAmount? = .seconds(60)
    /// How long the peer may take to answer our close frame, from when it was written.
    package var closeTimeout: TimeAmount = .seconds(5)
    /// How long the peer may take to read what was written before the close frame, and that frame.
    package var flushTimeout: TimeAmount = .seconds(60)
    /// How long input is still read and thrown away after the last byte was written: closing at once would reset the
    /// connection where unread bytes wait, and a reset destroys what the peer has not read yet.
    package var lingerTimeout: TimeAmount = .seconds(1)
    /// Nil: the peer's close frame is answered at once, with its own code. Else the delegate answers it by calling
    /// `close`, within this time; after it the handler answers.
    package var closeReplyLimit: TimeAmount?

    /// Whether `sendShared` may write to the socket past the channel's pipeline: only where the handler stands alone on
    /// a plain TCP channel, without TLS or anything else that changes bytes.
    package var writesDirectly = false

    package init() {}

    /// What of this a connection keeps to its end.
    struct ClosingTimes {
        let reply: TimeAmount?
        let flush, answer, linger: TimeAmount
    }

    var closingTimes: ClosingTimes {
        ClosingTimes(
            reply: self.closeReplyLimit,
            flush: self.flushTimeout,
            answer: self.closeTimeout,
            linger: self.lingerTimeout
        )
    }
}
