/// A line chat without I/O: somebody joins, says a line or leaves; what comes out is who has to be told what.
struct ChatRoom {
    typealias MemberID = Int

    enum Action: Equatable {
        /// `text` has no line end.
        case send(to: MemberID, text: String)
        case disconnect(MemberID)
    }

    /// The most people at once.
    static let memberLimit = 500
    /// The most characters in a name.
    static let nameLimit = 24
    private static let animals = ["otter", "heron", "lynx", "badger", "wren", "fox", "seal", "hare", "kite", "mole"]

    private var names: [MemberID: String] = [:]
    private var order: [MemberID] = []
    private var joined = 0

    /// A newcomer, greeted under a name of the room's choosing.
    mutating func join(_ id: MemberID) -> [Action] {
        guard order.count < Self.memberLimit else {
            return [.send(to: id, text: "* The room is full; please come back later."), .disconnect(id)]
        }
        joined += 1
        let name = "\(Self.animals[(joined - 1) % Self.animals.count])-\(joined)"
        let others = order
        names[id] = name
        order.append(id)
        return [
            .send(to: id, text: "* Welcome to the line chat. You are \(name); /nick NAME changes that, /who lists us."),
            .send(to: id, text: presence),
        ] + tell(others, "* \(name) has joined")
    }

    /// A line that a member wrote.
    mutating func say(_ line: String, by id: MemberID) -> [Action] {
        guard let name = names[id] else { return [] }
        let text = line.trimmingSpaces()
        if text.isEmpty { return [] }
        guard text.hasPrefix("/") else { return tell(order, "<\(name)> \(text)") }
        let words = text.split(separator: " ", maxSplits: 1)
        switch words.first {
        case "/who":
            return [.send(to: id, text: presence)]
        case "/nick":
            return rename(id, from: name, to: words.count > 1 ? String(words[1]) : "")
        case "/quit":
            return [.send(to: id, text: "* Goodbye."), .disconnect(id)]
        default:
            return [.send(to: id, text: "* Known commands: /who, /nick NAME, /quit")]
        }
    }

    /// A line that was longer than the room takes.
    func sayTooMuch(by id: MemberID, limit: Int) -> [Action] {
        names[id] == nil
            ? [] : [.send(to: id, text: "* That line was longer than \(limit) bytes and was not passed on.")]
    }

    /// A member is gone.
    mutating func leave(_ id: MemberID) -> [Action] {
        guard let name = names.removeValue(forKey: id) else { return [] }
        order.removeAll { $0 == id }
        return tell(order, "* \(name) has left")
    }

    private mutating func rename(_ id: MemberID, from old: String, to new: String) -> [Action] {
        let allowed = new.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
        guard !new.isEmpty, new.unicodeScalars.count <= Self.nameLimit, allowed else {
            let rule = "letters, digits, - and _, at most \(Self.nameLimit)"
            return [.send(to: id, text: "* A name is made of \(rule): /nick NAME")]
        }
        guard !names.values.contains(where: { $0.lowercased() == new.lowercased() && $0 != old }) else {
            return [.send(to: id, text: "* Somebody here is called \(new) already.")]
        }
        names[id] = new
        return tell(order, "* \(old) is now \(new)")
    }

    private var presence: String {
        "* \(order.count) here: " + order.compactMap { names[$0] }.joined(separator: ", ")
    }

    private func tell(_ members: [MemberID], _ text: String) -> [Action] {
        members.map { .send(to: $0, text: text) }
    }
}

extension String {
    fileprivate func trimmingSpaces() -> String {
        let start = drop { $0.isWhitespace }
        return String(start.reversed().drop { $0.isWhitespace }.reversed())
    }
}
