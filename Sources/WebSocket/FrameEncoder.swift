import NIOCore

/// Writes frames (RFC 6455 §5.2). Pure functions: safe on any thread.
package enum FrameEncoder {
    /// The size of the header of a frame with this payload length, in bytes: 2...14.
    package static func headerLength(payloadLength: Int, masked: Bool) -> Int {
        let extended = payloadLength < 126 ? 0 : payloadLength <= 0xFFFF ? 2 : 8
        return 2 + extended + (masked ? 4 : 0)
    }

    /// Writes the header of a frame, with the length in its shortest form.
    ///
    /// - Parameters:
    ///   - rsv1: marks a compressed message; only on its first frame (RFC 7692 §6.1).
    ///   - payloadLength: 0..., at most 125 for a control frame; the caller writes as many bytes after it.
    ///   - mask: the masking key as its four bytes lie in memory, or nil for a server's frame.
    package static func writeHeader(
        opcode: Opcode,
        fin: Bool = true,
        rsv1: Bool = false,
        payloadLength: Int,
        mask: UInt32? = nil,
        into buffer: inout ByteBuffer
    ) {
        let length = self.headerLength(payloadLength: payloadLength, masked: mask != nil)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { target in
            self.storeHeader(
                opcode: opcode,
                fin: fin,
                rsv1: rsv1,
                payloadLength: payloadLength,
                mask: mask,
                to: target
            )
        }
    }

    /// Stores the header at the front of `target`, which has room for it, and returns its length.
    @inline(__always)
    private static func storeHeader(
        opcode: Opcode,
        fin: Bool,
        rsv1: Bool,
        payloadLength: Int,
        mask: UInt32?,
        to target: UnsafeMutableRawBufferPointer
    ) -> Int {
        target[0] = (fin ? 0x80 : 0) | (rsv1 ? 0x40 : 0) | opcode.rawValue
        let maskBit: UInt8 = mask == nil ? 0 : 0x80
        var used = 2
        if payloadLength < 126 {
            target[1] = maskBit | UInt8(payloadLength)
        } else if payloadLength <= 0xFFFF {
            target[1] = maskBit | 126
            target.storeBytes(of: UInt16(payloadLength).bigEndian, toByteOffset: 2, as: UInt16.self)
            used = 4
        } else {
            target[1] = maskBit | 127
            target.storeBytes(of: UInt64(payloadLength).bigEndian, toByteOffset: 2, as: UInt64.self)
            used = 10
        }
        if let mask {
            target.storeBytes(of: mask, toByteOffset: used, as: UInt32.self)
            used += 4
        }
        return used
    }

    /// Appends a whole frame. The payload is copied, and masked in the copy where `mask` is given.
    package static func writeFrame(
        opcode: Opcode,
        fin: Bool = true,
        rsv1: Bool = false,
        payload: ByteBuffer,
        mask: UInt32? = nil,
        into buffer: inout ByteBuffer
    ) {
        payload.withUnsafeReadableBytes { source in
            self.writeFrame(opcode: opcode, fin: fin, rsv1: rsv1, payload: source, mask: mask, into: &buffer)
        }
    }

    private static func writeFrame(
        opcode: Opcode,
        fin: Bool,
        rsv1: Bool,
        payload: UnsafeRawBufferPointer,
        mask: UInt32?,
        into buffer: inout ByteBuffer
    ) {
        let header = self.headerLength(payloadLength: payload.count, masked: mask != nil)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: header + payload.count) { target in
            let used = self.storeHeader(
                opcode: opcode,
                fin: fin,
                rsv1: rsv1,
                payloadLength: payload.count,
                mask: mask,
                to: target
            )
            let body = UnsafeMutableRawBufferPointer(rebasing: target[used..<(used + payload.count)])
            body.copyMemory(from: payload)
            if let mask { _ = Masking.apply(mask, to: body) }
            return used + payload.count
        }
    }

    /// One whole frame in a buffer of its own, with a single allocation: the shape for a frame that many connections
    /// share (`WebSocketHandler.sendEncoded`).
    package static func frame(
        opcode: Opcode,
        fin: Bool = true,
        rsv1: Bool = false,
        payload: ByteBuffer,
        mask: UInt32? = nil
    ) -> ByteBuffer {
        let header = self.headerLength(payloadLength: payload.readableBytes, masked: mask != nil)
        var buffer = ByteBufferAllocator().buffer(capacity: header + payload.readableBytes)
        self.writeFrame(opcode: opcode, fin: fin, rsv1: rsv1, payload: payload, mask: mask, into: &buffer)
        return buffer
    }

    /// One whole unmasked frame from an array of bytes, with a single allocation.
    package static func frame(opcode: Opcode, rsv1: Bool = false, payload: [UInt8]) -> ByteBuffer {
        let header = self.headerLength(payloadLength: payload.count, masked: false)
        var buffer = ByteBufferAllocator().buffer(capacity: header + payload.count)
        payload.withUnsafeBytes {
            self.writeFrame(opcode: opcode, fin: true, rsv1: rsv1, payload: $0, mask: nil, into: &buffer)
        }
        return buffer
    }

    /// The payload of a close frame (RFC 6455 §5.5.1): nothing without a code, else the code and the reason, cut at a
    /// character's end so that both fit in 125 bytes.
    package static func closePayload(code: CloseCode?, reason: String) -> ByteBuffer {
        guard let code else { return ByteBuffer() }
        var payload = ByteBuffer()
        payload.writeInteger(code.rawValue)
        var room = 123
        for scalar in reason.unicodeScalars {
            let bytes = UTF8.encode(scalar)
            guard let bytes, bytes.count <= room else { break }
            payload.writeBytes(bytes)
            room -= bytes.count
        }
        return payload
    }
}
