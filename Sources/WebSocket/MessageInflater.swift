import NIOCore

/// Inflates one message after the other: compressed chunks in, bounded pieces of the message out.
///
/// Not thread-safe.
final class MessageInflater {
    private let inflater: RawInflater
    /// What has arrived and is not inflated yet; nil when more input is needed.
    private var input: ByteBuffer?
    private var isLastInput = false
    private var tailWasFed = false
    /// Bytes of the message so far, inflated.
    private var produced = 0

    /// The bytes that the sender took off the end of the message (RFC 7692 §7.2.2).
    private static let tail = ByteBuffer(bytes: [0x00, 0x00, 0xFF, 0xFF])

    /// - Parameter windowBits: 8...15.
    init(windowBits: Int) throws(WebSocketError) {
        self.inflater = try RawInflater(windowBits: windowBits)
    }

    /// Drops the window and whatever message was under way.
    func forgetEverything() {
        self.inflater.reset()
        self.input = nil
        self.isLastInput = false
        self.tailWasFed = false
        self.produced = 0
    }

    /// Puts in the next compressed chunk, after `next` returned nil or has not been called for this message.
    func feed(_ chunk: ByteBuffer, isLast: Bool) {
        self.input = chunk
        self.isLastInput = isLast
    }

    /// The next piece of the message; nil when more input is needed. A piece is empty only where it ends the message.
    ///
    /// - Throws: 1009 when the message inflates to more than `limit` bytes, 1007 when it does not inflate.
    func next(limit: Int) throws(WebSocketError) -> (piece: ByteBuffer, endsMessage: Bool)? {
        while var pending = self.input {
            self.input = nil
            let (piece, mayHaveMore) = try self.inflater.inflatePiece(from: &pending)
            self.produced += piece.readableBytes
            guard self.produced <= limit else {
                throw .tooBig("message inflates to more than \(limit) bytes")
            }
            var endsMessage = false
            if mayHaveMore {
                self.input = pending
            } else if self.isLastInput, !self.tailWasFed {
                self.tailWasFed = true
                self.input = MessageInflater.tail
            } else if self.isLastInput {
                guard self.inflater.isAtBlockBoundary else {
                    throw .invalidPayload("compressed message ends in the middle of a block")
                }
                endsMessage = true
                self.isLastInput = false
                self.tailWasFed = false
                self.produced = 0
            }
            if endsMessage || piece.readableBytes > 0 { return (piece, endsMessage) }
        }
        return nil
    }
}
