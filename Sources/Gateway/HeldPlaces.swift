import NIOCore

/// What one request holds of the limits until its end, or that of the connection that it became.
struct HeldPlaces: Sendable {
    private struct Place: Sendable {
        let ledger: ConnectionLedger
        let address: IPAddress?
        let isConnection: Bool
    }

    private var places: [Place] = []

    /// Takes a place, which ``leaveAll()`` gives back.
    ///
    /// - Parameter isConnection: false where only the address is counted.
    /// - Throws: 503 where there is none.
    mutating func enter(
        _ ledger: ConnectionLedger,
        _ address: IPAddress?,
        isConnection: Bool = true
    ) throws(Problem) {
        let admission = ledger.enter(address, isConnection: isConnection)
        if case .refused(let reason) = admission {
            ledger.leave(address, admission, isConnection: isConnection)
            throw .unavailable(reason)
        }
        places.append(Place(ledger: ledger, address: address, isConnection: isConnection))
    }

    mutating func leaveAll() {
        for place in places { place.ledger.leave(place.address, .admitted, isConnection: place.isConnection) }
        places = []
    }

    /// Gives the places back when the connection ends.
    mutating func leave(atEndOf channel: any Channel) {
        guard !places.isEmpty else { return }
        let held = self
        places = []
        channel.closeFuture.whenComplete { _ in
            var held = held
            held.leaveAll()
        }
    }
}
