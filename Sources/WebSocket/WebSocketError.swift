/// What the peer did wrong. The connection cannot go on: send a close frame with this code and reason, then end the
/// TCP connection (RFC 6455 §7.1.7, _Fail the WebSocket Connection_).
package struct WebSocketError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The code for the close frame: 1002, 1007, 1008 or 1009, and 1011 where zlib itself failed.
    package let closeCode: CloseCode
    /// What was wrong, in ASCII and at most 123 bytes, so that it fits in the close frame.
    package let reason: String

    package init(closeCode: CloseCode, reason: String) {
        self.closeCode = closeCode
        self.reason = reason
    }

    /// The code and the reason, for logs.
    package var description: String { "\(self.closeCode.rawValue) \(self.reason)" }

    static func protocolError(_ reason: String) -> WebSocketError {
        WebSocketError(closeCode: .protocolError, reason: reason)
    }

    static func tooBig(_ reason: String) -> WebSocketError {
        WebSocketError(closeCode: .messageTooBig, reason: reason)
    }

    static func invalidPayload(_ reason: String) -> WebSocketError {
        WebSocketError(closeCode: .invalidPayload, reason: reason)
    }
}
