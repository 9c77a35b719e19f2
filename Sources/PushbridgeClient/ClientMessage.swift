import NIOCore

/// One message from the server.
public enum ClientMessage: Sendable, Hashable {
    /// Text, which is valid UTF-8.
    case text(String)
    /// Bytes.
    case binary(ByteBuffer)
}

/// How a connection ended.
public struct ClientClosure: Sendable, Hashable {
    /// The code of the server's close frame; 1005: it had none, 1006: there was no close frame.
    public let code: Int
    /// The reason that came with the code.
    public let reason: String
    /// Whether the close handshake was completed (RFC 6455 section 7.1.4).
    public let isClean: Bool
}
