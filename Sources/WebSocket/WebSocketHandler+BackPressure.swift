import NIOCore

/// Holding the peer back: reading stops, and what was read already waits.
extension WebSocketHandler {
    /// Whether `pauseReading` was called last.
    package var isReadingPaused: Bool { self.isPaused }

    /// Stops handing on messages, and reading from the socket, until `resumeReading`. The keep-alive timeout stands
    /// still meanwhile. What has been read already is kept, at most what NIO reads in one go; it is delivered in spite
    /// of the pause only when the connection is lost.
    package func pauseReading() {
        guard !self.isPaused, self.transport == .open else { return }
        self.isPaused = true
        self.keepAlive.suspend()
    }

    /// Ends the pause.
    package func resumeReading() {
        guard self.isPaused else { return }
        self.isPaused = false
        guard let context, self.transport == .open else { return }
        self.keepAlive.resume(at: context.eventLoop.now)
        if self.timerPlace == nil { self.setKeepAliveTimer() }
        // Called from within a delegate's method: the loop that called it goes on.
        guard !self.isProcessing else { return }
        let isOwnTurn = !self.isInTurn
        self.isInTurn = true
        self.processHeld()
        if isOwnTurn { self.endTurn() }
        self.readIfWithheld()
    }

    func readIfWithheld() {
        guard self.readIsWithheld, !self.isPaused else { return }
        self.readIsWithheld = false
        self.context?.read()
    }
}
