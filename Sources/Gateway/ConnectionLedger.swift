import NIOCore
import Synchronization

/// Whether a new connection is within the limits.
enum Admission: Sendable, Equatable {
    case admitted
    /// It is answered with 503 and this reason; nobody else's connection ends for it.
    case refused(reason: String)
}

/// Counts the open connections of all listeners, in all and by address. Thread-safe.
final class ConnectionLedger: Sendable {
    private let state: Mutex<State>

    private struct State {
        var maximum: Int
        var maximumPerAddress: Int
        var total = 0
        var byAddress: [[UInt8]: Int] = [:]
    }

    init(maximum: Int, maximumPerAddress: Int) {
        state = Mutex(State(maximum: maximum, maximumPerAddress: maximumPerAddress))
    }

    /// For connections that come from now on.
    func limit(to maximum: Int, perAddress maximumPerAddress: Int) {
        state.withLock { state in
            state.maximum = maximum
            state.maximumPerAddress = maximumPerAddress
        }
    }

    /// Counts a connection; ``leave(_:)`` must follow at its end, also for a refused one.
    func enter(_ address: SocketAddress?) -> Admission {
        let key = address?.limitKey ?? []
        return state.withLock { state in
            state.total += 1
            state.byAddress[key, default: 0] += 1
            if state.total > state.maximum {
                return .refused(reason: "the bridge has as many connections as it may have; try again later")
            }
            // Unix sockets have no address to tell clients apart by.
            if !key.isEmpty, state.byAddress[key] ?? 0 > state.maximumPerAddress {
                return .refused(reason: "there are too many connections from your address; try again later")
            }
            return .admitted
        }
    }

    func leave(_ address: SocketAddress?) {
        let key = address?.limitKey ?? []
        state.withLock { state in
            state.total -= 1
            let remaining = (state.byAddress[key] ?? 0) - 1
            state.byAddress[key] = remaining > 0 ? remaining : nil
        }
    }

    /// Open connections now.
    var count: Int { state.withLock { $0.total } }
}

extension SocketAddress {
    /// What counts as one client: an IPv4 address, or an IPv6 /64, which is what one customer of a provider gets.
    fileprivate var limitKey: [UInt8]? {
        switch self {
        case .v4(let address):
            return withUnsafeBytes(of: address.address.sin_addr) { Array($0) }
        case .v6(let address):
            let bytes = withUnsafeBytes(of: address.address.sin6_addr) { Array($0) }
            // An IPv4 client on a dual-stack listener (RFC 4291 section 2.5.5.2).
            let isMapped = bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
            return isMapped ? Array(bytes.suffix(4)) : Array(bytes.prefix(8))
        case .unixDomainSocket:
            return nil
        }
    }
}
