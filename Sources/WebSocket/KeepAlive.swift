import NIOCore

/// Decides when to ping and when to give a silent peer up, without a clock of its own: times go in, an action and the
/// next time to ask come out.
///
/// A peer that sends anything at all is alive. After `pingInterval` of silence it is pinged, and again every
/// `pingInterval`; after `timeout` of silence it is gone.
package struct KeepAlive: Sendable {
    /// What to do now.
    package enum Action: Sendable, Hashable {
        /// Nothing; ask again at `nextDeadline`.
        case wait
        /// Send a ping.
        case ping
        /// No byte came from the peer for `timeout`: end the connection.
        case giveUp
    }

    private let pingInterval: TimeAmount?
    private let timeout: TimeAmount?
    private var lastReceived: NIODeadline
    private var lastPing: NIODeadline
    private var isSuspended = false

    /// - Parameters:
    ///   - pingInterval: nil: never ping.
    ///   - timeout: nil: never give up. Longer than `pingInterval`, or a silent peer has no chance to answer.
    ///   - now: when the connection was opened.
    package init(pingInterval: TimeAmount?, timeout: TimeAmount?, now: NIODeadline) {
        self.pingInterval = pingInterval
        self.timeout = timeout
        self.lastReceived = now
        self.lastPing = now
    }

    /// The connection is open, from now on.
    package mutating func begin(at now: NIODeadline) {
        self.lastReceived = now
        self.lastPing = now
    }

    /// Bytes came from the peer.
    package mutating func received(at now: NIODeadline) {
        self.lastReceived = now
    }

    /// We stopped reading for a reason of our own: the peer's silence means nothing until `resume`. Pings go on.
    package mutating func suspend() {
        self.isSuspended = true
    }

    /// We read again: silence counts from now on.
    package mutating func resume(at now: NIODeadline) {
        guard self.isSuspended else { return }
        self.isSuspended = false
        self.lastReceived = now
    }

    /// When to call `check`; nil: never. It only moves later when bytes are received, so a timer that was set to an
    /// earlier value may run out and find `wait`.
    package var nextDeadline: NIODeadline? {
        let ping = self.pingInterval.map { max(self.lastReceived, self.lastPing) + $0 }
        let end = self.isSuspended ? nil : self.timeout.map { self.lastReceived + $0 }
        switch (ping, end) {
        case (let ping?, let end?): return min(ping, end)
        case (let ping, let end): return ping ?? end
        }
    }

    /// What is due at `now`.
    package mutating func check(at now: NIODeadline) -> Action {
        if let timeout, !self.isSuspended, now >= self.lastReceived + timeout { return .giveUp }
        if let pingInterval, now >= max(self.lastReceived, self.lastPing) + pingInterval {
            self.lastPing = now
            return .ping
        }
        return .wait
    }
}
