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
        guard self.directDescriptor >= 0, !self.isInTurn else {
            self.sendEncoded(frames)
            return
        }
        let written = frames.withUnsafeReadableBytes { sendToSocket(self.directDescriptor, $0) }
        self.bytesSent += max(0, written)
        // A socket that is full takes nothing; one that is broken is found so by the channel in turn.
        if written != frames.readableBytes { self.sendRest(of: frames, after: max(0, written)) }
    }

    /// Gives the channel what the kernel did not take of frames that were written to `directDescriptor`: at once, before
    /// anything else is sent.
    ///
    /// - Parameter flush: false to give several sockets their rest before a `flush()` of one may call somebody.
    package func sendRest(of frames: ByteBuffer, after written: Int, flush: Bool = true) {
        var rest = frames
        rest.moveReaderIndex(forwardBy: written)
        self.sendEncoded(rest, flush: flush)
    }

    /// Whether all that was sent has come to the kernel. Known only with a descriptor; else taken for granted.
    package var isDrained: Bool { self.unfinishedWrites == 0 }

    /// Finds the socket of a plain TCP channel, once all that was written before has left the channel uncounted: the
    /// handshake's answer, and what was sent along with it.
    func findDescriptor() {
        guard self.looksForDescriptor, let context, context.channel.isSocket, self.transport == .open,
            context.channel.waitingBytes == 0
        else { return }
        self.looksForDescriptor = false
        self.descriptor = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { $0 }
        self.findWay()
    }

    /// Decides whether shared frames may go straight to the socket. Called wherever something changes that it depends on.
    ///
    /// Unsafe, and worth it: see docs/performance.md. The descriptor is the channel's as long as the channel is open. NIO
    /// closes it on this event loop and calls nobody before it has failed all that was still to be written, each of
    /// which is counted here, and has said that the channel is inactive; both end the direct way. Nothing can overtake:
    /// all that this handler gives to the channel is counted until the kernel has it.
    func findWay() {
        guard let descriptor, self.unfinishedWrites == 0, self.canSend, self.context?.channel.isActive == true else {
            self.directDescriptor = -1
            return
        }
        self.directDescriptor = descriptor
    }

    private func writeEnded(_ result: Result<Void, any Error>) {
        self.unfinishedWrites -= 1
        if case .failure = result { self.descriptor = nil }
        guard self.unfinishedWrites == 0 else { return }
        self.findWay()
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
        self.directDescriptor = -1
        promise.futureResult.assumeIsolated().whenComplete { self.writeEnded($0) }
        context.write(self.wrapOutboundOut(bytes), promise: promise)
    }
}

/// Writes to a socket what its kernel takes at once.
///
/// - Returns: how many bytes; -1 for none.
package func sendToSocket(_ descriptor: NIOBSDSocket.Handle, _ bytes: UnsafeRawBufferPointer) -> Int {
    send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
}
