import NIOCore
import Synchronization

/// Where the next connection of a tunnel begins to try, and which of its backends are left for last because they
/// failed a moment ago.
final class BackendHealth: Sendable {
    /// How long a backend that failed is tried only when all others failed too.
    static let rest = TimeAmount.seconds(5)

    private struct State {
        var next = 0
        var restingUntil: [TunnelBackend: NIODeadline] = [:]
    }

    private let state = Mutex(State())

    /// The order for one connection: from a rotating start, those that failed lately behind the others.
    func order(_ backends: [TunnelBackend], now: NIODeadline = .now()) -> [TunnelBackend] {
        guard backends.count > 1 else { return backends }
        return state.withLock { state in
            let start = state.next % backends.count
            state.next = start + 1
            let rotated = backends[start...] + backends[..<start]
            let resting = Set(state.restingUntil.filter { $0.value > now }.keys)
            return rotated.filter { !resting.contains($0) } + rotated.filter(resting.contains)
        }
    }

    func failed(_ backend: TunnelBackend, now: NIODeadline = .now()) {
        state.withLock { $0.restingUntil[backend] = now + Self.rest }
    }

    func succeeded(_ backend: TunnelBackend) {
        state.withLock { _ = $0.restingUntil.removeValue(forKey: backend) }
    }
}
