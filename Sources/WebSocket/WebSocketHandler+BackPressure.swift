import NIOCore

/// Holding the peer back: reading stops, and what was read already waits.
extension WebSocketHandler {
    /// Stops handing on messages, and reading from the socket, until `resumeReading`. What has been read already is
    /// kept: what NIO reads in one go, and after the peer's FIN all that its socket still held. It is delivered in
    /// spite of the pause only when the connection is lost.
    ///
    /// - Parameter isPeersDoing: whether the peer could end the pause by reading what it was sent. Its silence counts
    ///   on then, and the keep-alive timeout runs; for any other pause the timeout stands still. Of two pauses the
    ///   later counts.
    package func pauseReading(isPeersDoing: Bool = false) {
        guard !self.discardsInput, self.transport == .open, let context else { return }
        self.isPaused = true
        if isPeersDoing {
            self.keepAlive.resume(at: context.eventLoop.now)
            if self.timerPlace == nil { self.setKeepAliveTimer() }
        } else {
            self.keepAlive.suspend()
        }
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

    /// Hands on nothing more of the peer's but its close frame and its end. What it still sends is read and dropped,
    /// also where reading was paused.
    package func discardInput() {
        self.discardsInput = true
        self.resumeReading()
    }

    func readIfWithheld() {
        guard self.readIsWithheld, !self.isPaused else { return }
        self.readIsWithheld = false
        self.context?.read()
    }
}
