import NIOCore
import WebSocket

/// Encoded bytes that bring a subscriber from one state to another, shared by all subscribers that need the same.
package struct Delivery: Sendable {
    /// What a delivery tells its receiver; the `kind` label of the metrics.
    package enum Kind: String, Sendable, CaseIterable {
        case snapshot
        case patch
        case merge
        case event
        case current
        case status
        case error
    }

    /// A WebSocket message before framing.
    package struct Message: Sendable {
        /// Text or binary.
        package let opcode: Opcode
        /// Whole, and not compressed.
        package let payload: ByteBuffer

        package init(opcode: Opcode, payload: ByteBuffer) {
            self.opcode = opcode
            self.payload = payload
        }
    }

    /// The bytes, as far as they are alike for all receivers.
    package enum Body: Sendable {
        /// Ready for the socket: WebSocket frames or Server-Sent Events.
        case wire(ByteBuffer)
        /// For a connection that compresses with a context of its own.
        case messages([Message])
    }

    /// What it tells.
    package let kind: Kind
    /// What is written.
    package let body: Body
    /// How many messages or events the body holds: in `events` mode one for each item.
    package let messageCount: Int

    init(kind: Kind, body: Body, messageCount: Int = 1) {
        self.kind = kind
        self.body = body
        self.messageCount = messageCount
    }

    /// Nothing to write: the receiver's version moves on without a word, as in `events` mode when no item changed.
    package var isEmpty: Bool {
        switch body {
        case .wire(let bytes): bytes.readableBytes == 0
        case .messages(let messages): messages.isEmpty
        }
    }

    /// Bytes as written, before a connection's own compression.
    package var byteCount: Int {
        switch body {
        case .wire(let bytes): bytes.readableBytes
        case .messages(let messages): messages.reduce(0) { $0 + $1.payload.readableBytes }
        }
    }
}
