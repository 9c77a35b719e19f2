import NIOCore

/// The rooms of one route that nobody is in, and that are remembered for those who come back. Times go in, so that tests
/// need not wait.
struct EmptyRooms {
    struct Entry {
        let room: Room
        let ticket: Int
        let until: NIODeadline
    }

    /// What all of them may hold in bytes.
    static let maximumBytes = 64 << 20

    /// In the order in which they became empty. An entry whose ticket is not the room's any more is an old one.
    private(set) var queue = CircularBuffer<Entry>()
    private var tickets: [ObjectIdentifier: (ticket: Int, bytes: Int)] = [:]
    private var lastTicket = 0
    /// What they hold.
    private(set) var bytes = 0

    mutating func add(_ room: Room, bytes: Int, until: NIODeadline) {
        remove(room)
        lastTicket += 1
        tickets[ObjectIdentifier(room)] = (lastTicket, bytes)
        queue.append(Entry(room: room, ticket: lastTicket, until: until))
        self.bytes += bytes
        // Rooms that are left and entered all the time leave old entries behind.
        if queue.count > 2 * tickets.count + 16 {
            queue = CircularBuffer(queue.filter { tickets[ObjectIdentifier($0.room)]?.ticket == $0.ticket })
        }
    }

    /// Somebody is in it again. Harmless for a room that is not among them.
    mutating func remove(_ room: Room) {
        guard let known = tickets.removeValue(forKey: ObjectIdentifier(room)) else { return }
        bytes -= known.bytes
    }

    /// Takes out the one that has been empty for longest.
    mutating func removeOldest() -> Room? {
        while let first = queue.popFirst() {
            guard tickets[ObjectIdentifier(first.room)]?.ticket == first.ticket else { continue }
            remove(first.room)
            return first.room
        }
        return nil
    }

    /// Takes out one whose time has come.
    mutating func removeExpired(at now: NIODeadline) -> Room? {
        dropOldEntries()
        guard let first = queue.first, first.until <= now else { return nil }
        return removeOldest()
    }

    /// When the next one's time comes.
    mutating func nextDeadline() -> NIODeadline? {
        dropOldEntries()
        return queue.first?.until
    }

    private mutating func dropOldEntries() {
        while let first = queue.first, tickets[ObjectIdentifier(first.room)]?.ticket != first.ticket {
            queue.removeFirst()
        }
    }
}
