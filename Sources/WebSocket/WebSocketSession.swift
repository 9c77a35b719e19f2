import NIOCore

/// One WebSocket connection after its opening handshake, as a state machine without I/O: bytes in, events out;
/// messages in, frames out.
///
///         open ──── our close frame ────▶ closeSent ───────── peer's close frame ─▶ closed
///          │ ├───── peer's close frame ─▶ closeReceived ───── our close frame ────▶ closed
///          └─┴───── a violation, or fail() ────────────────────────────────────────▶ failed
///
/// In `closeSent` the peer's messages still come in: it may not have seen our close frame yet. In `closeReceived`
/// ours may still go out. In `closed` and `failed` nothing is read and nothing is sent.
package struct WebSocketSession {
    /// How messages are handed on.
    package enum Delivery: Sendable, Hashable {
        /// As they arrive, in chunks; nothing is collected.
        case streamed
        /// Each as one buffer. A message in one frame that arrived in one read is a slice of the received buffer.
        case whole
    }

    /// What the peer sent.
    package enum Event: Sendable, Hashable {
        /// With `.streamed`: the next bytes of a message. `opcode` is the message's, `text` or `binary`; text has been
        /// checked as far as it goes, and may be cut inside a character. Empty only where `isFinal` says that the
        /// message ends here.
        case chunk(ByteBuffer, opcode: Opcode, isFirst: Bool, isFinal: Bool)
        /// With `.whole`: a message; text is valid UTF-8.
        case message(ByteBuffer, opcode: Opcode)
        /// A ping: `pong(answering:)` makes the answer, which must go out (RFC 6455 §5.5.2).
        case ping(ByteBuffer)
        /// A pong, asked for or not.
        case pong(ByteBuffer)
        /// The peer's close frame; the code is nil where it had none. In `closeReceived` an answer is owed:
        /// `close(code:reason:)`.
        case close(CloseCode?, reason: String)

        /// Whether a message of the peer's begins here: what a limit on messages counts.
        var beginsMessage: Bool {
            switch self {
            case .message, .chunk(_, _, isFirst: true, _): true
            case .chunk, .ping, .pong, .close: false
            }
        }
    }

    /// See the drawing above.
    package enum State: Sendable, Hashable {
        case open, closeSent, closeReceived, closed, failed
    }

    /// A message ready to be written: one buffer, or header and payload one after the other.
    package struct OutgoingMessage: Sendable {
        /// The header, or the whole frame where `payload` is nil.
        package let frame: ByteBuffer
        /// The payload where it was not copied behind its header.
        package let payload: ByteBuffer?
    }

    /// Up to here, in bytes, a payload is copied behind its header: one small copy costs less than a second buffer.
    private static let copyLimit = 1024

    /// Who masks its frames (RFC 6455 section 5.3).
    package let role: Role
    /// Of what the peer may send.
    package let limits: WebSocketLimits
    /// What was negotiated; nil: no compression.
    package let deflate: PerMessageDeflate?
    /// Where the connection stands.
    package private(set) var state: State = .open

    private let delivery: Delivery
    private var parser: FrameParser

    // The message that is coming in.
    private var messageOpcode: Opcode = .binary
    private var messageIsCompressed = false
    private var nextChunkIsFirst = false
    private var frameIsFinal = false
    private var frameLength = 0
    private var utf8 = UTF8Validator()
    private var collected = ByteBuffer()

    /// Kept between messages only with incoming takeover.
    private var inflater: MessageInflater?
    /// Only with outgoing takeover, from the first message that is compressed.
    private var deflater: RawDeflater?

    /// - Parameters:
    ///   - role: who we are.
    ///   - limits: what the peer may make us spend.
    ///   - deflate: what the handshake negotiated.
    ///   - delivery: how messages are handed on.
    package init(
        role: Role,
        limits: WebSocketLimits = WebSocketLimits(),
        deflate: PerMessageDeflate? = nil,
        delivery: Delivery = .whole
    ) {
        self.role = role
        self.limits = limits
        self.deflate = deflate
        self.delivery = delivery
        self.parser = FrameParser(role: role, limits: limits, allowsCompression: deflate != nil)
    }

    // MARK: receiving

    /// Takes the next event from the front of `buffer`; nil when more bytes are needed, or none are wanted any more.
    ///
    /// The received bytes are changed in place (`FrameParser.next`). Call until nil, with the same buffer or with an
    /// empty one: one chunk of a compressed message may give many events.
    ///
    /// - Throws: the violation that ends the connection; go on with `fail`, which makes the close frame to send.
    package mutating func next(from buffer: inout ByteBuffer) throws(WebSocketError) -> Event? {
        while true {
            guard self.state == .open || self.state == .closeSent else {
                buffer.moveReaderIndex(to: buffer.writerIndex)
                return nil
            }
            if self.messageIsCompressed, let event = try self.nextInflated() { return event }
            guard let found = try self.parser.next(from: &buffer) else { return nil }
            switch found {
            case .dataHeader(let opcode, let fin, let compressed, let length):
                if opcode != .continuation { self.beginMessage(opcode, compressed: compressed) }
                self.frameIsFinal = fin
                self.frameLength = length
            case .payload(let chunk, let endsFrame):
                let isFinal = endsFrame && self.frameIsFinal
                if self.messageIsCompressed {
                    try self.startInflating(chunk, isLast: isFinal)
                } else if let event = try self.deliver(chunk, isFinal: isFinal) {
                    return event
                }
            case .control(.ping, let payload):
                return .ping(payload)
            case .control(.pong, let payload):
                return .pong(payload)
            case .control(_, let payload):
                return try self.acceptClose(payload)
            }
        }
    }

    private mutating func beginMessage(_ opcode: Opcode, compressed: Bool) {
        self.messageOpcode = opcode
        self.messageIsCompressed = compressed
        self.nextChunkIsFirst = true
        self.utf8 = UTF8Validator()
    }

    private mutating func startInflating(_ chunk: ByteBuffer, isLast: Bool) throws(WebSocketError) {
        let inflater: MessageInflater
        if let known = self.inflater {
            inflater = known
        } else {
            if let deflate, deflate.incomingTakeover {
                // Not the window that was agreed on: zlib follows a reference behind that one where the bytes happen to be in
                // the same piece of output, and whether a peer may do so must not depend on how its bytes were cut.
                inflater = try MessageInflater(windowBits: 15)
            } else {
                inflater = try ThreadZlib.current.takeInflater()
            }
            self.inflater = inflater
        }
        inflater.feed(chunk, isLast: isLast)
    }

    private mutating func nextInflated() throws(WebSocketError) -> Event? {
        while let found = try self.inflater?.next(limit: self.limits.maxMessage) {
            if found.endsMessage {
                self.messageIsCompressed = false
                if let inflater, self.deflate?.incomingTakeover != true {
                    ThreadZlib.current.giveBack(inflater)
                    self.inflater = nil
                }
            }
            if let event = try self.deliver(found.piece, isFinal: found.endsMessage) { return event }
        }
        return nil
    }

    /// Checks text and turns the next bytes of the message into an event, if there is one yet.
    private mutating func deliver(_ chunk: ByteBuffer, isFinal: Bool) throws(WebSocketError) -> Event? {
        if self.messageOpcode == .text {
            let isValid = chunk.withUnsafeReadableBytes { self.utf8.accept($0) }
            guard isValid, !isFinal || self.utf8.isComplete else { throw .invalidPayload("text is not UTF-8") }
        }
        switch self.delivery {
        case .streamed:
            guard isFinal || chunk.readableBytes > 0 else { return nil }
            let isFirst = self.nextChunkIsFirst
            self.nextChunkIsFirst = false
            return .chunk(chunk, opcode: self.messageOpcode, isFirst: isFirst, isFinal: isFinal)
        case .whole:
            if isFinal, self.collected.readableBytes == 0 { return .message(chunk, opcode: self.messageOpcode) }
            if self.collected.capacity == 0, self.messageIsCompressed {
                // A piece that the inflater made is ours alone: it becomes the message's first part as it is.
                self.collected = chunk
                return nil
            }
            if self.collected.capacity == 0 {
                // An announced length is only a promise: more than this is spent when the bytes are there.
                self.collected.reserveCapacity(min(self.frameLength, 64 * 1024))
            }
            self.collected.writeImmutableBuffer(chunk)
            guard isFinal else { return nil }
            let whole = self.collected
            self.collected = ByteBuffer()
            return .message(whole, opcode: self.messageOpcode)
        }
    }

    private mutating func acceptClose(_ payload: ByteBuffer) throws(WebSocketError) -> Event {
        var payload = payload
        var code: CloseCode?
        var reason = ""
        if payload.readableBytes > 0 {
            guard let rawCode = payload.readInteger(as: UInt16.self) else {
                throw .protocolError("close frame with a payload of one byte")
            }
            guard CloseCode.isValidOnWire(rawCode) else { throw .protocolError("invalid close code \(rawCode)") }
            code = CloseCode(rawValue: rawCode)
            var utf8 = UTF8Validator()
            let isValid = payload.withUnsafeReadableBytes { utf8.accept($0) }
            guard isValid, utf8.isComplete else { throw .invalidPayload("close reason is not UTF-8") }
            reason = payload.readString(length: payload.readableBytes) ?? ""
        }
        self.stopReceiving(self.state == .closeSent ? .closed : .closeReceived)
        return .close(code, reason: reason)
    }

    /// Nothing more is read: gives back what was held for the message under way.
    private mutating func stopReceiving(_ state: State) {
        self.state = state
        self.collected = ByteBuffer()
        self.inflater = nil
        if state == .failed { self.deflater = nil }
    }

    // MARK: sending

    /// Whether messages may go out: no close frame of ours has gone before them.
    package var canSend: Bool { self.state == .open || self.state == .closeReceived }

    /// Makes the frame of a whole message, compressed where that was negotiated and the message reaches the threshold.
    ///
    /// - Parameters:
    ///   - message: whole; text must be valid UTF-8, which is not checked again.
    ///   - opcode: `text` or `binary`.
    /// - Throws: 1011 when zlib has no memory.
    package mutating func encode(
        _ message: ByteBuffer,
        opcode: Opcode
    ) throws(WebSocketError) -> OutgoingMessage {
        var payload = message
        var isCompressed = false
        if let deflate, message.readableBytes >= deflate.settings.threshold {
            (payload, isCompressed) = try self.compress(message, deflate)
        }
        let length = payload.readableBytes
        if self.role == .client || length <= WebSocketSession.copyLimit {
            let frame = FrameEncoder.frame(
                opcode: opcode,
                rsv1: isCompressed,
                payload: payload,
                mask: self.newMask()
            )
            return OutgoingMessage(frame: frame, payload: nil)
        }
        var header = ByteBufferAllocator().buffer(
            capacity: FrameEncoder.headerLength(payloadLength: length, masked: false)
        )
        FrameEncoder.writeHeader(opcode: opcode, rsv1: isCompressed, payloadLength: length, into: &header)
        return OutgoingMessage(frame: header, payload: payload)
    }

    private mutating func compress(
        _ message: ByteBuffer,
        _ deflate: PerMessageDeflate
    ) throws(WebSocketError) -> (payload: ByteBuffer, isCompressed: Bool) {
        guard deflate.outgoingTakeover else {
            let small = try SharedCompressor.compress(
                message,
                windowBits: deflate.outgoingWindowBits,
                settings: deflate.settings
            )
            return small.readableBytes < message.readableBytes ? (small, true) : (message, false)
        }
        let deflater: RawDeflater
        if let known = self.deflater {
            deflater = known
        } else {
            deflater = try RawDeflater(windowBits: deflate.outgoingWindowBits, settings: deflate.settings)
            self.deflater = deflater
        }
        // Sent compressed even where that is larger: the peer's window must see what our compressor saw.
        var output = ByteBuffer()
        try deflater.compressMessage(message, into: &output)
        return (output, true)
    }

    /// A whole ping frame; `payload` has at most 125 bytes.
    package func ping(_ payload: ByteBuffer = ByteBuffer()) -> ByteBuffer {
        FrameEncoder.frame(opcode: .ping, payload: payload, mask: self.newMask())
    }

    /// The pong frame that answers a ping: with the same payload (RFC 6455 §5.5.3).
    package func pong(answering payload: ByteBuffer) -> ByteBuffer {
        FrameEncoder.frame(opcode: .pong, payload: payload, mask: self.newMask())
    }

    /// Begins the close handshake, or answers the peer's. The frame to send, or nil where one went out before.
    ///
    /// - Parameters:
    ///   - code: one that `mayBeSent`; nil for a close frame without payload, as an answer to such a one.
    ///   - reason: cut to 123 bytes of UTF-8.
    package mutating func close(code: CloseCode?, reason: String = "") -> ByteBuffer? {
        switch self.state {
        case .open: self.state = .closeSent
        case .closeReceived: self.state = .closed
        case .closeSent, .closed, .failed: return nil
        }
        self.deflater = nil
        return self.closeFrame(code: code, reason: reason)
    }

    /// Ends the session without waiting for the peer: nothing is read or sent any more but the frame returned, which
    /// tells the peer why. Nil where a close frame went out before.
    package mutating func fail(_ error: WebSocketError) -> ByteBuffer? {
        let mayStillSend = self.canSend
        self.stopReceiving(.failed)
        return mayStillSend ? self.closeFrame(code: error.closeCode, reason: error.reason) : nil
    }

    private func closeFrame(code: CloseCode?, reason: String) -> ByteBuffer {
        FrameEncoder.frame(
            opcode: .close,
            payload: FrameEncoder.closePayload(code: code, reason: reason),
            mask: self.newMask()
        )
    }

    /// A fresh masking key from a strong source for each frame of a client (RFC 6455 §5.3); nil for a server.
    private func newMask() -> UInt32? {
        self.role == .client ? UInt32.random(in: .min ... .max) : nil
    }
}
