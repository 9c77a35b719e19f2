import NIOCore

/// The end of a connection, as drawn at `WebSocketHandler`.
extension WebSocketHandler {
    /// Begins the close handshake, or answers the peer's, after everything that was sent before. Nothing can be sent
    /// afterwards; messages of the peer go on coming in until its close frame, which it may have sent before it saw
    /// ours. Does nothing when our close frame has been sent.
    ///
    /// - Parameters:
    ///   - code: one that `mayBeSent`; anything else is sent as 1011. Nil for a close frame without a code.
    ///   - reason: cut to 123 bytes of UTF-8.
    package func close(code: CloseCode?, reason: String = "") {
        guard self.hasOpened, self.transport == .open else { return }
        let sendable = code.map { $0.mayBeSent ? $0 : .internalError }
        guard let frame = self.session.close(code: sendable, reason: reason) else { return }
        if self.session.state == .closed {
            self.notifyClosed(.closedByPeer, code: self.peerCode ?? .noStatus, reason: self.peerReason)
        }
        self.writeCloseFrame(frame)
    }

    /// Does what `close` does for a peer that may not go on: nothing that it still sends is handed on, whether it takes
    /// the close for an end or not.
    package func dismiss(code: CloseCode, reason: String = "") {
        self.close(code: code, reason: reason)
        self.discardInput()
    }

    /// Ends the TCP connection at once; what is still to be written is lost.
    package func abort() {
        self.end(.connectionLost)
    }

    func writeCloseFrame(_ frame: ByteBuffer) {
        guard let context else { return }
        self.pendingPing = nil
        self.setTimer(.flush, in: self.closingTimes.flush)
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { _ in self.closeFrameWasWritten() }
        self.write(frame, context, promise: promise)
        self.flush()
    }

    /// Also called where the write failed: the channel is on its way down then, and closing it again does no harm.
    func closeFrameWasWritten() {
        self.closeFrameIsWritten = true
        guard self.transport == .open else { return }
        switch self.session.state {
        case .closeSent:
            if self.inputHasEnded, self.held.isEmpty {
                self.end(.connectionLost)
            } else {
                self.setTimer(.closeAnswer, in: self.closingTimes.answer)
            }
        case .closed, .failed:
            self.shutDown()
        case .open, .closeReceived:
            break
        }
    }

    /// Everything is said and written: ends our side, and waits a moment for the peer to end its own.
    func shutDown() {
        guard let context, self.transport == .open else { return }
        self.transport = .lingering
        self.findWay()
        self.held = []
        guard !self.inputHasEnded else {
            self.end(.connectionLost)
            return
        }
        self.setTimer(.linger, in: self.closingTimes.linger)
        if self.session.role == .server || self.session.state == .failed {
            let promise = context.eventLoop.makePromise(of: Void.self)
            promise.futureResult.assumeIsolated().whenFailure { _ in self.end(.connectionLost) }
            context.close(mode: .output, promise: promise)
        }
        self.isPaused = false
        self.readIfWithheld()
    }

    /// The peer broke the protocol: tell it, and read no more.
    func fail(_ error: WebSocketError) {
        let frame = self.session.fail(error)
        self.findWay()
        self.held = []
        self.notifyClosed(.violation, code: error.closeCode, reason: error.reason)
        if let frame {
            self.writeCloseFrame(frame)
        } else if self.closeFrameIsWritten {
            self.shutDown()
        }
    }

    /// Closes the channel now.
    func end(_ cause: WebSocketClosure.Cause) {
        guard self.transport != .ended else { return }
        self.transport = .ended
        self.findWay()
        self.cancelTimer()
        self.held = []
        self.pendingPing = nil
        self.context?.close(mode: .all, promise: nil)
        self.notifyClosed(cause, code: self.peerCode ?? .abnormalClosure, reason: self.peerReason)
    }

    func notifyClosed(_ cause: WebSocketClosure.Cause, code: CloseCode, reason: String) {
        guard self.hasOpened, let delegate else { return }
        self.delegate = nil
        delegate.webSocketClosed(self, WebSocketClosure(cause: cause, code: code, reason: reason))
    }
}
