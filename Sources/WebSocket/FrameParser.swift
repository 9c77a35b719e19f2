import NIOCore

/// What `FrameParser` found next in the bytes.
package enum FrameEvent: Sendable, Hashable {
    /// The header of a `text`, `binary` or `continuation` frame: what follows is its payload.
    /// `opcode` is that of the frame; `compressed` says RSV1 was set; `length` is the payload's, in bytes.
    case dataHeader(opcode: Opcode, fin: Bool, compressed: Bool, length: Int)
    /// The next bytes of the data frame's payload, unmasked. A frame without payload has one empty chunk.
    case payload(ByteBuffer, endsFrame: Bool)
    /// A whole control frame: `close`, `ping` or `pong`, with its unmasked payload of at most 125 bytes.
    case control(Opcode, ByteBuffer)
}

/// Cuts a stream of bytes into frames and checks each header (RFC 6455 §5.2, §5.4, §5.5).
///
/// The payload of a data frame is handed on as it arrives, in slices of the received buffer: nothing is collected, and
/// nothing is kept between two calls but the header so far and, at most, 125 bytes of an unfinished control frame.
package struct FrameParser: Sendable {
    private enum Step: UInt8 {
        case firstByte, secondByte, length16, length64, mask, payload
    }

    private let role: Role
    private let allowsCompression: Bool
    private let limits: WebSocketLimits

    private var step: Step = .firstByte
    /// Bytes of the extended length or of the mask that are still to come.
    private var headerBytesLeft: UInt8 = 0
    private var opcode: Opcode = .continuation
    private var fin = false
    private var rsv1 = false
    private var masked = false
    /// Whether a data message has begun and its last frame has not ended: only a continuation may follow.
    private var insideMessage = false
    /// The announced length; then the bytes of the payload that are still to come.
    private var length: UInt64 = 0
    private var mask: UInt32 = 0
    /// Payload bytes of the message so far, as they travel, with those announced by the present frame.
    private var messageLength = 0
    private var control = ByteBuffer()

    /// - Parameters:
    ///   - role: who we are; the frames are the other end's.
    ///   - limits: 1009 as soon as a header announces more.
    ///   - allowsCompression: whether permessage-deflate was negotiated, so that RSV1 may mark a message's first frame.
    package init(role: Role, limits: WebSocketLimits, allowsCompression: Bool = false) {
        self.role = role
        self.limits = limits
        self.allowsCompression = allowsCompression
    }

    /// Takes the next event from the front of `buffer`; nil when more bytes are needed.
    ///
    /// The payload is unmasked **in place, in the storage of `buffer`**, even where that storage is shared (NIO's
    /// channels keep a reference to the buffer they read into, so copy-on-write would copy every read). Whoever calls
    /// this gives the received bytes away.
    ///
    /// - Throws: the first violation; the parser is of no further use then.
    package mutating func next(from buffer: inout ByteBuffer) throws(WebSocketError) -> FrameEvent? {
        if self.step != .payload {
            guard try self.readHeader(from: &buffer) else { return nil }
            if !self.opcode.isControl {
                return .dataHeader(
                    opcode: self.opcode,
                    fin: self.fin,
                    compressed: self.rsv1,
                    length: Int(self.length)
                )
            }
        }
        return self.opcode.isControl ? self.readControlPayload(from: &buffer) : self.readDataPayload(from: &buffer)
    }

    // MARK: payload

    private mutating func readDataPayload(from buffer: inout ByteBuffer) -> FrameEvent? {
        let count = Int(min(self.length, UInt64(buffer.readableBytes)))
        if count == 0, self.length > 0 { return nil }
        guard let chunk = self.readUnmasked(count, from: &buffer) else { return nil }
        self.length -= UInt64(count)
        let endsFrame = self.length == 0
        if endsFrame {
            self.step = .firstByte
            self.insideMessage = !self.fin
        }
        return .payload(chunk, endsFrame: endsFrame)
    }

    private mutating func readControlPayload(from buffer: inout ByteBuffer) -> FrameEvent? {
        let count = Int(min(self.length, UInt64(buffer.readableBytes)))
        guard var chunk = self.readUnmasked(count, from: &buffer) else { return nil }
        self.length -= UInt64(count)
        guard self.length == 0 else {
            self.control.writeBuffer(&chunk)
            return nil
        }
        self.step = .firstByte
        guard self.control.readableBytes > 0 else { return .control(self.opcode, chunk) }
        self.control.writeBuffer(&chunk)
        // Replaced, not cleared: an idle connection holds no buffer.
        let whole = self.control
        self.control = ByteBuffer()
        return .control(self.opcode, whole)
    }

    private mutating func readUnmasked(_ count: Int, from buffer: inout ByteBuffer) -> ByteBuffer? {
        if self.masked, count > 0 {
            self.mask = buffer.withUnsafeReadableBytes { bytes in
                // Invariant: the bytes behind this pointer are heap memory that ByteBuffer allocated as mutable, and
                // `next` is documented to own them; nobody else reads this range before it is handed out unmasked.
                let payload = UnsafeMutableRawBufferPointer(
                    mutating: UnsafeRawBufferPointer(rebasing: bytes[..<count])
                )
                return Masking.apply(self.mask, to: payload)
            }
        }
        return buffer.readSlice(length: count)
    }

    // MARK: header

    /// Reads as much of the header as there is. True: it is whole, checked, and `step` is `.payload`.
    private mutating func readHeader(from buffer: inout ByteBuffer) throws(WebSocketError) -> Bool {
        var used = 0
        defer { buffer.moveReaderIndex(forwardBy: used) }
        return try buffer.withUnsafeReadableBytes { (bytes) throws(WebSocketError) -> Bool in
            while self.step != .payload {
                guard used < bytes.count else { return false }
                let byte = bytes[used]
                used += 1
                switch self.step {
                case .firstByte: try self.acceptFirstByte(byte)
                case .secondByte: try self.acceptSecondByte(byte)
                case .length16, .length64: try self.acceptLengthByte(byte)
                case .mask: self.acceptMaskByte(byte)
                case .payload: break
                }
            }
            return true
        }
    }

    private mutating func acceptFirstByte(_ byte: UInt8) throws(WebSocketError) {
        guard let opcode = Opcode(rawValue: byte & 0x0F) else {
            throw .protocolError("reserved opcode \(byte & 0x0F)")
        }
        let fin = byte & 0x80 != 0
        let rsv1 = byte & 0x40 != 0
        guard byte & 0x30 == 0 else { throw .protocolError("reserved bit RSV2 or RSV3 set") }
        // RSV1 marks a message, so it stands on the message's first frame and on no control frame (RFC 7692 §6.1).
        guard !rsv1 || (self.allowsCompression && (opcode == .text || opcode == .binary)) else {
            throw .protocolError("reserved bit RSV1 set")
        }
        switch opcode {
        case .close, .ping, .pong:
            guard fin else { throw .protocolError("fragmented control frame") }
        case .continuation:
            guard self.insideMessage else { throw .protocolError("continuation frame without a message") }
        case .text, .binary:
            guard !self.insideMessage else { throw .protocolError("new message inside a fragmented message") }
        }
        self.opcode = opcode
        self.fin = fin
        self.rsv1 = rsv1
        self.step = .secondByte
    }

    private mutating func acceptSecondByte(_ byte: UInt8) throws(WebSocketError) {
        self.masked = byte & 0x80 != 0
        switch self.role {
        case .server:
            guard self.masked else { throw .protocolError("frame from a client is not masked") }
        case .client:
            guard !self.masked else { throw .protocolError("frame from a server is masked") }
        }
        self.mask = 0
        let short = byte & 0x7F
        guard short < 126 || !self.opcode.isControl else {
            throw .protocolError("control frame longer than 125 bytes")
        }
        switch short {
        case 126:
            self.headerBytesLeft = 2
            self.length = 0
            self.step = .length16
        case 127:
            self.headerBytesLeft = 8
            self.length = 0
            self.step = .length64
        default:
            self.length = UInt64(short)
            try self.lengthIsKnown()
        }
    }

    private mutating func acceptLengthByte(_ byte: UInt8) throws(WebSocketError) {
        if self.headerBytesLeft == 8, byte & 0x80 != 0 {
            throw .protocolError("payload length uses the 64th bit")
        }
        self.length = self.length << 8 | UInt64(byte)
        self.headerBytesLeft -= 1
        guard self.headerBytesLeft == 0 else { return }
        // "The minimal number of bytes MUST be used to encode the length."
        guard self.length >= (self.step == .length16 ? 126 : 0x1_0000) else {
            throw .protocolError("payload length not in its shortest form")
        }
        try self.lengthIsKnown()
    }

    private mutating func lengthIsKnown() throws(WebSocketError) {
        if !self.opcode.isControl {
            guard self.length <= UInt64(self.limits.maxFrame) else {
                throw .tooBig("frame of \(self.length) bytes, limit \(self.limits.maxFrame)")
            }
            let before = self.opcode == .continuation ? self.messageLength : 0
            let (sum, overflow) = before.addingReportingOverflow(Int(self.length))
            if overflow, self.limits.maxMessage == .max {
                self.messageLength = .max
            } else {
                guard !overflow, sum <= self.limits.maxMessage else {
                    throw .tooBig("message of more than \(self.limits.maxMessage) bytes")
                }
                self.messageLength = sum
            }
        }
        if self.masked {
            self.headerBytesLeft = 4
            self.step = .mask
        } else {
            self.step = .payload
        }
    }

    private mutating func acceptMaskByte(_ byte: UInt8) {
        // Built as it lies in memory: the first byte of the wire at the lowest address.
        self.mask |= UInt32(littleEndian: UInt32(byte) << (8 * UInt32(4 - self.headerBytesLeft)))
        self.headerBytesLeft -= 1
        if self.headerBytesLeft == 0 { self.step = .payload }
    }
}
