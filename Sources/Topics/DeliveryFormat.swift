/// What is pushed after the first document.
package enum DeliveryMode: String, Sendable, CaseIterable {
    /// Every time the whole document.
    case snapshot
    /// JSON Patch, RFC 6902.
    case patch
    /// JSON Merge Patch, RFC 7396.
    case merge
    /// One message for each item of a keyed array that was added, changed or removed.
    case events
}

/// How a subscriber's bytes on the wire look. Subscribers with equal formats share the same encoded bytes.
package struct DeliveryFormat: Hashable, Sendable {
    /// What stands around a document or a change.
    package enum Envelope: Hashable, Sendable {
        /// The document or the change itself, as a WebSocket message.
        case bare
        /// The JSON messages of the `pushbridge.v1` subprotocol.
        case version1
        /// Server-Sent Events (WHATWG HTML section 9.2).
        case serverSentEvents
        /// CloudEvents in the JSON format, structured mode: the `cloudevents.json` subprotocol.
        case cloudEvents
    }

    /// What permessage-deflate (RFC 7692) makes of WebSocket messages.
    package enum Compression: Hashable, Sendable {
        case none
        /// permessage-deflate without context takeover: one compressed frame serves every subscriber.
        case shared(windowBits: Int)
        /// The connection compresses for itself, with context takeover: it gets payloads instead of frames.
        case perConnection
    }

    /// What is pushed after the first document.
    package var mode: DeliveryMode
    /// What stands around it.
    package var envelope: Envelope
    /// `none` for server-sent events.
    package var compression: Compression

    package init(mode: DeliveryMode, envelope: Envelope, compression: Compression = .none) {
        self.mode = mode
        self.envelope = envelope
        self.compression = compression
    }
}
