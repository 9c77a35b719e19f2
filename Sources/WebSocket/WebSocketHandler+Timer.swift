import NIOCore

/// One timer at a time: the keep-alive while the session is open, then the limit of the step that ends it.
extension WebSocketHandler {
    func setTimer(_ purpose: TimerPurpose, in delay: TimeAmount) {
        guard let context else { return }
        self.setTimer(purpose, at: context.eventLoop.now + delay)
    }

    func setTimer(_ purpose: TimerPurpose, at deadline: NIODeadline) {
        guard self.transport != .ended else { return }
        self.timerPurpose = purpose
        self.timers?.set(self, at: deadline)
    }

    func setKeepAliveTimer() {
        guard self.session.state == .open, let deadline = self.keepAlive.nextDeadline else { return }
        self.setTimer(.keepAlive, at: deadline)
    }

    func cancelTimer() {
        self.timers?.cancel(self)
    }

    /// A peer whose kernel takes bytes is slow, not gone, however long the whole of a large message takes.
    private func lookForProgress(_ context: ChannelHandlerContext) {
        let waiting = self.isWritable ? 0 : context.channel.waitingBytes ?? 0
        if waiting < self.lastWaitingBytes { self.keepAlive.received(at: context.eventLoop.now) }
        self.lastWaitingBytes = waiting
    }

    /// For the wheel.
    package func timerFired() {
        guard let context else { return }
        switch self.timerPurpose {
        case .keepAlive:
            self.lookForProgress(context)
            switch self.keepAlive.check(at: context.eventLoop.now) {
            case .wait: break
            case .ping: if self.isWritable { self.sendPing() }
            case .giveUp:
                self.end(.silence)
                return
            }
            self.setKeepAliveTimer()
        case .closeReply:
            self.close(code: self.peerCode == .noStatus ? nil : self.peerCode)
        case .flush, .closeAnswer:
            self.end(.closeTimeout)
        case .linger:
            self.end(.connectionLost)
        }
    }
}
