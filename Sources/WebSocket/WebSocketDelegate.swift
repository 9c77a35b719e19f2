import NIOCore

/// How a WebSocket connection ended.
package struct WebSocketClosure: Sendable, Hashable {
    /// What ended it.
    package enum Cause: Sendable, Hashable {
        /// Both close frames were exchanged; ours went first.
        case closedByUs
        /// Both close frames were exchanged; the peer's went first.
        case closedByPeer
        /// The peer broke the protocol or a limit; it was told so.
        case violation
        /// The peer sent nothing for the keep-alive timeout.
        case silence
        /// The peer did not answer our close frame, or did not read what stood before it, in time.
        case closeTimeout
        /// The TCP connection ended without a close handshake, or `abort` was called.
        case connectionLost
    }

    /// What ended the connection.
    package let cause: Cause
    /// The code of the peer's close frame or, for a violation, of ours; 1005 for a close frame without a code, 1006
    /// where the peer sent no close frame.
    package let code: CloseCode
    /// The reason that came with the code.
    package let reason: String

    /// Whether the close handshake was completed (RFC 6455 §7.1.4).
    package var isClean: Bool { self.cause == .closedByUs || self.cause == .closedByPeer }
}

/// What stands behind a `WebSocketHandler`. All calls come on the channel's event loop; every method may call back
/// into the handler. The handler holds its delegate until `webSocketClosed` has returned.
package protocol WebSocketDelegate: AnyObject {
    /// The handler is in the pipeline and the channel is active: messages may be sent.
    func webSocketOpened(_ socket: WebSocketHandler)

    /// With `.whole` delivery: a message. Text is valid UTF-8. The buffer may be a slice of what was read: to keep a
    /// small message for long, copy it.
    func webSocket(_ socket: WebSocketHandler, message: ByteBuffer, opcode: Opcode)

    /// With `.streamed` delivery: the next bytes of a message, as `WebSocketSession.Event.chunk`.
    func webSocket(
        _ socket: WebSocketHandler,
        chunk: ByteBuffer,
        opcode: Opcode,
        isFirst: Bool,
        isFinal: Bool
    )

    /// Everything that was read in one go has been handed on: the moment to flush what was made of it.
    func webSocketTurnEnded(_ socket: WebSocketHandler)

    /// The channel's outbound buffer passed its high or low water mark, or (with `writesDirectly`) has become empty.
    func webSocketWritabilityChanged(_ socket: WebSocketHandler, isWritable: Bool)

    /// The peer began the close handshake: it sends no more. Not called for the answer to our own close frame. With
    /// `WebSocketOptions.closeReplyLimit`, call `close` when everything that it should still get was sent.
    func webSocket(_ socket: WebSocketHandler, closeReceived code: CloseCode?, reason: String)

    /// The end: nothing more comes in or goes out. Called exactly once, whatever ended the connection, if and only if
    /// `webSocketOpened` was called. The TCP connection may outlive it for a moment.
    func webSocketClosed(_ socket: WebSocketHandler, _ closure: WebSocketClosure)
}

extension WebSocketDelegate {
    /// Ignores the message: for delegates that take chunks.
    package func webSocket(_ socket: WebSocketHandler, message: ByteBuffer, opcode: Opcode) {}

    /// Ignores the chunk: for delegates that take whole messages.
    package func webSocket(
        _ socket: WebSocketHandler,
        chunk: ByteBuffer,
        opcode: Opcode,
        isFirst: Bool,
        isFinal: Bool
    ) {}

    /// Ignores it.
    package func webSocketTurnEnded(_ socket: WebSocketHandler) {}

    /// Ignores it.
    package func webSocketWritabilityChanged(_ socket: WebSocketHandler, isWritable: Bool) {}

    /// Ignores it; the handler answers.
    package func webSocket(_ socket: WebSocketHandler, closeReceived code: CloseCode?, reason: String) {}
}
