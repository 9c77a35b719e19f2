import Synchronization

/// Counters of connections and tunnels. Thread-safe; nothing here is touched for each message.
final class GatewayMetrics: Sendable {
    struct Label: Hashable, Sendable {
        var route: String
        var transport: ConnectionInfo.Transport
    }

    struct State: Sendable {
        var connections: [Label: Int] = [:]
        var connectionsTotal = 0
        /// Upgrades and connections that were refused, by reason.
        var rejected: [String: Int] = [:]
    }

    private let state = Mutex(State())

    var snapshot: State { state.withLock { $0 } }

    func opened(_ info: ConnectionInfo) {
        state.withLock { state in
            state.connections[Label(route: info.route, transport: info.transport), default: 0] += 1
        }
    }

    func closed(_ info: ConnectionInfo) {
        state.withLock { state in
            let label = Label(route: info.route, transport: info.transport)
            let remaining = (state.connections[label] ?? 0) - 1
            // A series that goes back to nothing stays, as Prometheus expects.
            state.connections[label] = max(0, remaining)
        }
    }

    func accepted() {
        state.withLock { $0.connectionsTotal += 1 }
    }

    /// - Parameter reason: one word of a small set; it becomes a label.
    func rejected(_ reason: String) {
        state.withLock { $0.rejected[reason, default: 0] += 1 }
    }
}

/// Counters of one tunnel route. Thread-safe.
final class TunnelMetrics: Sendable {
    /// Tunnels that were ever made.
    let made = Atomic<Int>(0)
    let bytesToBackend = Atomic<Int>(0)
    let bytesToClient = Atomic<Int>(0)
    private let failures = Mutex<[String: Int]>([:])

    var connectFailures: [String: Int] { failures.withLock { $0 } }

    /// - Parameter reason: one word of a small set; it becomes a label.
    func connectFailed(_ reason: String) {
        failures.withLock { $0[reason, default: 0] += 1 }
    }
}
