/// What a frame carries (RFC 6455 §5.2, §11.8). The opcodes that the RFC reserves have no case: a frame with one is a
/// protocol error.
package enum Opcode: UInt8, Sendable, Hashable {
    /// A further frame of the message whose first frame was `text` or `binary`.
    case continuation = 0x0
    /// A message of UTF-8 text.
    case text = 0x1
    /// A message of bytes.
    case binary = 0x2
    /// Begins or answers the close handshake.
    case close = 0x8
    /// Asks for a `pong`.
    case ping = 0x9
    /// Answers a `ping`, or comes unasked as a heartbeat.
    case pong = 0xA

    /// Whether this is `close`, `ping` or `pong`: at most 125 bytes, never fragmented, allowed between the frames of
    /// a message (RFC 6455 §5.5).
    package var isControl: Bool { self.rawValue & 0x8 != 0 }
}
