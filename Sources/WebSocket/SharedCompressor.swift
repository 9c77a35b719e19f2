import NIOCore

/// Compresses messages that stand alone (no context takeover), for many connections at once. Safe on any thread: each
/// thread has a compressor of its own, made on first use (about 256 KB with the default settings).
package enum SharedCompressor {
    /// The compressed payload of one message, without the 4 bytes that do not travel (RFC 7692 §7.2.1).
    ///
    /// - Parameters:
    ///   - message: any length, also empty.
    ///   - windowBits: 8...15, at most the `PerMessageDeflate.outgoingWindowBits` of every receiver.
    ///   - settings: zlib's levels; the threshold is not looked at.
    /// - Throws: 1011 when zlib has no memory.
    package static func compress(
        _ message: ByteBuffer,
        windowBits: Int = 15,
        settings: CompressionSettings = CompressionSettings()
    ) throws(WebSocketError) -> ByteBuffer {
        var output = ByteBuffer()
        let deflater = try ThreadZlib.current.deflater(windowBits: windowBits, settings: settings)
        try deflater.compressMessage(message, into: &output)
        return output
    }

    /// One whole frame of a server, ready for every connection whose negotiated parameters have no outgoing takeover
    /// and at least this window: compressed where the message reaches the threshold and gets smaller, plain otherwise.
    ///
    /// - Parameters:
    ///   - opcode: `text` or `binary`.
    ///   - message: the whole message.
    ///   - windowBits: 8...15.
    ///   - settings: zlib's levels and the threshold.
    /// - Throws: 1011 when zlib has no memory.
    package static func frame(
        opcode: Opcode,
        message: ByteBuffer,
        windowBits: Int = 15,
        settings: CompressionSettings = CompressionSettings()
    ) throws(WebSocketError) -> ByteBuffer {
        guard message.readableBytes >= settings.threshold else {
            return FrameEncoder.frame(opcode: opcode, payload: message)
        }
        let compressed = try self.compress(message, windowBits: windowBits, settings: settings)
        guard compressed.readableBytes < message.readableBytes else {
            return FrameEncoder.frame(opcode: opcode, payload: message)
        }
        return FrameEncoder.frame(opcode: opcode, rsv1: true, payload: compressed)
    }
}
