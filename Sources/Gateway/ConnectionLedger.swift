import Synchronization

/// Whether a newcomer is within the limits.
enum Admission: Sendable, Equatable {
    case admitted
    /// It is answered with 503 and this reason; nobody else's connection ends for it.
    case refused(reason: String)
}

/// Counts what is open, in all and by address: the connections of all listeners, or what uses one route. Thread-safe.
package final class ConnectionLedger: Sendable {
    private let place: String
    private let state: Mutex<State>

    private struct State {
        var maximum: Int
        var maximumPerAddress: Int
        var admitted = 0
        var refused = 0
        var byAddress: [IPAddress: Int] = [:]

        mutating func count(_ address: IPAddress?, _ admission: Admission, isConnection: Bool, by step: Int) {
            guard admission == .admitted else {
                if isConnection { refused += step }
                return
            }
            if isConnection { admitted += step }
            guard let address else { return }
            let count = byAddress[address, default: 0] + step
            byAddress[address] = count > 0 ? count : nil
        }
    }

    /// - Parameters:
    ///   - maximum: of all that is admitted at once.
    ///   - maximumPerAddress: the same for one address (IPv6: one /64).
    ///   - place: what is full, for the refused: "the bridge", "this route".
    package init(maximum: Int, maximumPerAddress: Int, place: String = "the bridge") {
        state = Mutex(State(maximum: maximum, maximumPerAddress: maximumPerAddress))
        self.place = place
    }

    /// For newcomers from now on.
    func limit(to maximum: Int, perAddress maximumPerAddress: Int) {
        state.withLock { state in
            state.maximum = maximum
            state.maximumPerAddress = maximumPerAddress
        }
    }

    /// Counts a newcomer; ``leave(_:_:isConnection:)`` must follow at its end, with the same and this answer.
    ///
    /// - Parameters:
    ///   - address: nil where it has none to tell clients apart by, or is counted by another.
    ///   - isConnection: false for a request on a connection that is counted itself: only the address counts.
    func enter(_ address: IPAddress?, isConnection: Bool = true) -> Admission {
        let address = address?.client
        return state.withLock { state in
            var admission = Admission.admitted
            if isConnection, state.admitted >= state.maximum {
                admission = .refused(reason: "\(place) has as many connections as it may have; try again later")
            } else if let address, state.byAddress[address, default: 0] >= state.maximumPerAddress {
                admission = .refused(reason: "there are too many connections from your address; try again later")
            }
            state.count(address, admission, isConnection: isConnection, by: 1)
            return admission
        }
    }

    func leave(_ address: IPAddress?, _ admission: Admission, isConnection: Bool = true) {
        state.withLock { $0.count(address?.client, admission, isConnection: isConnection, by: -1) }
    }

    /// So many have been refused and are not gone yet that the next ones should be dropped without an answer: each of
    /// them may take its time to ask.
    var isFlooded: Bool { state.withLock { $0.refused > 1000 } }

    /// What is open now, the refused included, who are on their way out.
    var count: Int { state.withLock { $0.admitted + $0.refused } }
}
