import CZlib
import NIOCore

/// A raw deflate stream (RFC 1951) that ends each message as RFC 7692 §7.2.1 wants it.
///
/// Not thread-safe: one message at a time, on one thread at a time.
final class RawDeflater {
    private let stream: UnsafeMutablePointer<z_stream>

    /// - Parameter windowBits: 8...15. zlib makes no raw stream with a window of 256 bytes, so 8 is taken as 9: zlib
    ///   refers back at most its window less 262 bytes (`MAX_DIST` in deflate.h), with 9 bits 250, which a
    ///   decompressor with the 256 bytes of window bits 8 can follow.
    /// - Throws: 1011 when zlib has no memory.
    init(windowBits: Int, settings: CompressionSettings) throws(WebSocketError) {
        self.stream = .allocate(capacity: 1)
        self.stream.initialize(to: z_stream())
        let status = czlib_deflate_init_raw(
            self.stream,
            Int32(settings.level),
            Int32(max(windowBits, 9)),
            Int32(settings.memoryLevel)
        )
        guard status == Z_OK else {
            throw WebSocketError(closeCode: .internalError, reason: "zlib could not start a compressor")
        }
    }

    deinit {
        deflateEnd(self.stream)
        self.stream.deinitialize(count: 1)
        self.stream.deallocate()
    }

    /// Forgets what was compressed before: the next message stands alone.
    func reset() {
        deflateReset(self.stream)
    }

    /// Appends the compressed form of one whole message to `output`.
    ///
    /// - Throws: 1011; zlib does not fail on valid arguments.
    func compressMessage(_ message: ByteBuffer, into output: inout ByteBuffer) throws(WebSocketError) {
        let start = output.writerIndex
        let bound = Int(deflateBound(self.stream, uLong(message.readableBytes))) + 16
        output.reserveCapacity(minimumWritableBytes: min(bound, 1 << 16))
        try message.withUnsafeReadableBytes { (input) throws(WebSocketError) in
            // zlib counts in 32 bits: a longer message is fed in pieces.
            var offset = 0
            repeat {
                let piece = min(input.count - offset, 1 << 30)
                let isLast = offset + piece == input.count
                // Invariant: zlib only reads through next_in, and only until this closure ends.
                self.stream.pointee.next_in = input.baseAddress.map {
                    UnsafeMutablePointer(mutating: ($0 + offset).assumingMemoryBound(to: Bytef.self))
                }
                self.stream.pointee.avail_in = uInt(piece)
                try self.run(flush: isLast ? Z_SYNC_FLUSH : Z_NO_FLUSH, into: &output)
                offset += piece
            } while offset < input.count
            self.stream.pointee.next_in = nil
        }
        // A sync flush ends with the empty block 00 00 FF FF, which does not travel (RFC 7692 §7.2.1).
        if output.writerIndex - start >= 4 { output.moveWriterIndex(to: output.writerIndex - 4) }
        // zlib writes nothing for an empty message right after a flush; RFC 7692 §7.2.3.6 sends one empty block then.
        if output.writerIndex == start { output.writeInteger(UInt8(0)) }
    }

    private func run(flush: Int32, into output: inout ByteBuffer) throws(WebSocketError) {
        repeat {
            var status = Z_OK
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: 1 << 10) { target in
                let room = min(target.count, 1 << 30)
                self.stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: Bytef.self)
                self.stream.pointee.avail_out = uInt(room)
                status = deflate(self.stream, flush)
                return room - Int(self.stream.pointee.avail_out)
            }
            // Z_BUF_ERROR only says that there was nothing left to do.
            guard status == Z_OK || status == Z_BUF_ERROR else {
                throw WebSocketError(closeCode: .internalError, reason: "zlib failed to compress")
            }
        } while self.stream.pointee.avail_out == 0
    }
}

/// A raw inflate stream that gives its output in bounded pieces, so that a small input that inflates to gigabytes
/// costs no more memory than one piece.
///
/// Not thread-safe: one message at a time, on one thread at a time.
final class RawInflater {
    /// The largest piece of output, in bytes.
    static let chunkSize = 64 * 1024

    private let stream: UnsafeMutablePointer<z_stream>

    /// - Parameter windowBits: 8...15; the peer's window, or larger.
    /// - Throws: 1011 when zlib has no memory.
    init(windowBits: Int) throws(WebSocketError) {
        self.stream = .allocate(capacity: 1)
        self.stream.initialize(to: z_stream())
        guard czlib_inflate_init_raw(self.stream, Int32(windowBits)) == Z_OK else {
            throw WebSocketError(closeCode: .internalError, reason: "zlib could not start a decompressor")
        }
    }

    deinit {
        inflateEnd(self.stream)
        self.stream.deinitialize(count: 1)
        self.stream.deallocate()
    }

    /// Forgets the window and the message that was under way.
    func reset() {
        inflateReset(self.stream)
    }

    /// Whether the input so far ends exactly with a block: a message must (RFC 7692 §7.2.2), or the next one would be
    /// read from the middle of this one's last block. zlib says so in bit 7 of `data_type` (zlib.h, `inflate`).
    var isAtBlockBoundary: Bool {
        self.stream.pointee.data_type & 128 != 0
    }

    /// Inflates from the front of `input` until it is used up or one piece of output is full.
    ///
    /// - Returns: the output, and whether there may be more without further input.
    /// - Throws: 1007 when the bytes are no deflate stream.
    func inflatePiece(from input: inout ByteBuffer) throws(WebSocketError) -> (output: ByteBuffer, mayHaveMore: Bool) {
        // Room for a usual ratio; a piece that turns out larger comes as several.
        let capacity = min(max(input.readableBytes * 4, 512), RawInflater.chunkSize)
        var output = ByteBufferAllocator().buffer(capacity: capacity)
        var status = Z_OK
        var isFull = false
        let used = input.withUnsafeReadableBytes { source in
            let count = min(source.count, 1 << 30)
            // Invariant: zlib only reads through next_in, and only until this closure ends.
            self.stream.pointee.next_in = source.baseAddress.map {
                UnsafeMutablePointer(mutating: $0.assumingMemoryBound(to: Bytef.self))
            }
            self.stream.pointee.avail_in = uInt(count)
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: 0) { target in
                self.stream.pointee.next_out = target.baseAddress?.assumingMemoryBound(to: Bytef.self)
                self.stream.pointee.avail_out = uInt(target.count)
                status = inflate(self.stream, Z_SYNC_FLUSH)
                isFull = self.stream.pointee.avail_out == 0
                return target.count - Int(self.stream.pointee.avail_out)
            }
            self.stream.pointee.next_in = nil
            return count - Int(self.stream.pointee.avail_in)
        }
        input.moveReaderIndex(forwardBy: used)
        switch status {
        case Z_OK, Z_BUF_ERROR:
            return (output, isFull || (input.readableBytes > 0 && used > 0))
        case Z_STREAM_END:
            // A block with BFINAL set ends the stream; what follows goes on with the same window (RFC 7692 §7.2.3.4).
            inflateResetKeep(self.stream)
            return (output, input.readableBytes > 0)
        default:
            throw .invalidPayload("compressed data does not inflate")
        }
    }
}
