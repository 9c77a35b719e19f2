/// When connections expire, by the second: to add, to remove and to look is cheap however many there are. Times go in,
/// so that tests need not wait.
struct ExpiryCalendar {
    private var seconds: [Int64: Set<ObjectIdentifier>] = [:]
    private var times: [ObjectIdentifier: Int64] = [:]
    /// All before this second has been looked at; nil while nothing waits.
    private var next: Int64?

    var isEmpty: Bool { times.isEmpty }

    /// - Parameter time: in milliseconds of Unix time. Of several times of one connection the first counts.
    mutating func add(_ connection: ObjectIdentifier, at time: Int64) {
        // Rounded up: nobody is put out early.
        let second = (time + 999) / 1000
        if let known = times[connection] {
            guard second < known else { return }
            remove(connection)
        }
        times[connection] = second
        seconds[second, default: []].insert(connection)
        next = min(next ?? second, second)
    }

    mutating func remove(_ connection: ObjectIdentifier) {
        guard let second = times.removeValue(forKey: connection) else { return }
        seconds[second]?.remove(connection)
        if seconds[second]?.isEmpty == true { seconds[second] = nil }
        if times.isEmpty { next = nil }
    }

    /// Takes out those whose time has come.
    mutating func due(at time: Int64) -> [ObjectIdentifier] {
        let now = time / 1000
        guard let first = next, first <= now else { return [] }
        var due: [ObjectIdentifier] = []
        // After a jump of the clock there may be more seconds than connections.
        for second in now - first < 3600 ? Array(first...now) : seconds.keys.filter({ $0 <= now }) {
            due += seconds.removeValue(forKey: second) ?? []
        }
        for connection in due { times[connection] = nil }
        next = times.isEmpty ? nil : now + 1
        return due
    }
}
