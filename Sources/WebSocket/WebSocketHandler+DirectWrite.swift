import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Shared frames straight to the socket: what a broadcast to thousands spends most on is the way through the channel's
/// pipeline and its queue of pending writes.
extension WebSocketHandler {
    /// Sends whole frames that were encoded before, and that other connections share: straight to the socket where
    /// nothing waits in the channel, through the channel where something does, or where the kernel does not take all.
    ///
    /// The same as `sendEncoded` but for the way; needs `WebSocketOptions.writesDirectly` to be any faster.
    package func sendShared(_ frames: ByteBuffer) {
        guard let descriptor, !self.isInTurn, self.unfinishedWrites == 0, self.canSend,
            self.context?.channel.isActive == true
        else {
            self.sendEncoded(frames)
            return
        }
        // Unsafe, and worth it: see docs/performance.md. The descriptor is the channel's as long as the channel is
        // active, since it is closed on this event loop and the channel is inactive from that moment on. Nothing can
        // overtake: all that this handler gives to the channel is counted until the kernel has it.
        let written = frames.withUnsafeReadableBytes { bytes in
            sendToSocket(descriptor, bytes)
        }
        self.bytesSent += max(0, written)
        if written == frames.readableBytes { return }
        var rest = frames
        // A socket that is full takes nothing; one that is broken is found so by the channel in turn.
        if written > 0 { rest.moveReaderIndex(forwardBy: written) }
        self.sendEncoded(rest)
    }

    /// Whether all that was sent has come to the kernel. Known only with a descriptor; else taken for granted.
    package var isDrained: Bool { self.unfinishedWrites == 0 }

    /// Finds the socket of a plain TCP channel, once all that was written before has left the channel uncounted: the
    /// handshake's answer, and what was sent along with it.
    func findDescriptor() {
        guard self.looksForDescriptor, let context, self.transport == .open,
            (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) == 0
        else { return }
        self.looksForDescriptor = false
        self.descriptor = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { $0 }
    }

    private func becameDrained() {
        guard self.transport == .open, self.isWritable else { return }
        self.delegate?.webSocketWritabilityChanged(self, isWritable: true)
    }

    /// Gives bytes to the channel, counted until the kernel has them where shared frames go another way.
    func write(_ bytes: ByteBuffer, _ context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        self.bytesSent += bytes.readableBytes
        guard self.descriptor != nil else {
            context.write(self.wrapOutboundOut(bytes), promise: promise)
            return
        }
        let promise = promise ?? context.eventLoop.makePromise()
        self.unfinishedWrites += 1
        promise.futureResult.assumeIsolated().whenComplete { _ in
            self.unfinishedWrites -= 1
            if self.unfinishedWrites == 0 { self.becameDrained() }
        }
        context.write(self.wrapOutboundOut(bytes), promise: promise)
    }
}

/// - Returns: how many bytes the kernel took; -1 for none.
private func sendToSocket(_ descriptor: NIOBSDSocket.Handle, _ bytes: UnsafeRawBufferPointer) -> Int {
    send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
}
