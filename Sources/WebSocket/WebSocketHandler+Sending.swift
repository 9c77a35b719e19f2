import NIOCore

/// Sending: everything goes out in the order of the calls, until our close frame.
extension WebSocketHandler {
    /// Whether messages may be sent: the connection is open and no close frame of ours was sent.
    package var canSend: Bool { self.transport == .open && self.hasOpened && self.session.canSend }

    /// Whether the channel's outbound buffer is below its water mark.
    package var isWritable: Bool { self.context?.channel.isWritable ?? false }

    /// What was negotiated; frames for `sendEncoded` must fit it.
    package var deflate: PerMessageDeflate? { self.session.deflate }

    /// The channel, while the handler is in its pipeline.
    package var channel: (any Channel)? { self.context?.channel }

    /// Sends a text message. `payload` must be valid UTF-8, which is not checked.
    ///
    /// - Parameters:
    ///   - payload: the whole message; it is not copied where it is larger than about 1 KiB and not compressed.
    ///   - flush: false to write more before one `flush()`.
    ///   - promise: succeeds when the kernel has taken the message; fails with `ChannelError.outputClosed` when
    ///     `canSend` is false.
    package func sendText(_ payload: ByteBuffer, flush: Bool = true, promise: EventLoopPromise<Void>? = nil) {
        self.send(payload, opcode: .text, flush: flush, promise: promise)
    }

    /// Sends a binary message; otherwise as `sendText`.
    package func sendBinary(_ payload: ByteBuffer, flush: Bool = true, promise: EventLoopPromise<Void>? = nil) {
        self.send(payload, opcode: .binary, flush: flush, promise: promise)
    }

    /// Sends one or more whole frames that were encoded before, as one buffer that other connections may share. The
    /// frames must be those of our role, and compressed ones must stand alone and fit `deflate`'s outgoing window: with
    /// outgoing takeover only plain frames may be sent so.
    package func sendEncoded(_ frames: ByteBuffer, flush: Bool = true, promise: EventLoopPromise<Void>? = nil) {
        guard let context, self.canSend else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        self.write(frames, context, promise: promise)
        if flush { self.flush() }
    }

    /// Sends what was written; inside a turn of reading at its end, otherwise at once.
    package func flush() {
        if self.isInTurn {
            self.flushIsDue = true
        } else {
            self.context?.flush()
        }
    }

    /// Sends a ping. The keep-alive pings by itself.
    package func sendPing(_ payload: ByteBuffer = ByteBuffer(), promise: EventLoopPromise<Void>? = nil) {
        self.sendEncoded(self.session.ping(payload), promise: promise)
    }

    func send(
        _ payload: ByteBuffer,
        opcode: Opcode,
        flush: Bool,
        promise: EventLoopPromise<Void>?
    ) {
        guard let context, self.canSend else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        let message: WebSocketSession.OutgoingMessage
        do {
            message = try self.session.encode(payload, opcode: opcode)
        } catch {
            promise?.fail(error)
            self.close(code: error.closeCode, reason: error.reason)
            return
        }
        if let payload = message.payload {
            self.write(message.frame, context, promise: nil)
            self.write(payload, context, promise: promise)
        } else {
            self.write(message.frame, context, promise: promise)
        }
        if flush { self.flush() }
    }
}
