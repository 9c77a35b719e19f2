import JSONDelta

/// Older versions of a topic, up to a number of bytes: the oldest leave first.
///
/// Of a JSON document it keeps the text alone. Its index would take as much again, and is made anew in less time than
/// the version that it is compared with takes to arrive. Every call takes the same time however many versions there are.
struct History {
    /// What a version takes besides its content, at least: its places in the tables here and its array's head. It counts, since small
    /// documents are little else.
    static let overhead = 256

    fileprivate enum Kept {
        case json([UInt8])
        case other(Document.Content)

        var cost: Int {
            switch self {
            case .json(let bytes): bytes.count + History.overhead
            case .other(let content): content.bytes.count + History.overhead
            }
        }
    }

    /// What is kept of a version.
    struct Version {
        fileprivate var id: VersionID
        fileprivate var kept: Kept
        fileprivate var contentType: String
        fileprivate var turn: Int

        /// The version as it was. Takes time in proportion to it.
        func document() -> Document? {
            switch kept {
            case .other(let content):
                return Document(content: content, contentType: contentType, id: id)
            case .json(let bytes):
                guard let document = try? JSONDocument(parsing: bytes) else { return nil }
                return Document(content: .json(document), contentType: contentType, id: id)
            }
        }
    }

    /// A version was remembered. It counts where it is that version's newest turn.
    private struct Turn {
        var id: VersionID
        var number: Int
    }

    private var versions: [VersionID: Version] = [:]
    private var turns: [Turn] = []
    /// Turns at the front that are over.
    private var passed = 0
    private var nextTurn = 0
    private var contentType = ""
    private(set) var byteCount = 0

    var count: Int { versions.count }

    func contains(_ id: VersionID) -> Bool { versions[id] != nil }

    /// A version that is still known.
    subscript(_ id: VersionID) -> Version? { versions[id] }

    /// Takes a version in as the newest, and lets the oldest go until all take at most `limit` bytes.
    mutating func remember(_ document: Document, limit: Int) {
        // They hardly ever differ: one string serves all.
        if contentType != document.contentType { contentType = document.contentType }
        let kept: Kept =
            if case .json(let json) = document.content { .json(json.bytes.trimmed) } else { .other(document.content) }
        let version = Version(id: document.id, kept: kept, contentType: contentType, turn: nextTurn)
        // The same content again (A, B, A) has one place, the newer.
        byteCount -= versions.updateValue(version, forKey: document.id)?.kept.cost ?? 0
        byteCount += kept.cost
        turns.append(Turn(id: document.id, number: nextTurn))
        nextTurn += 1
        while byteCount > limit, passed < turns.count {
            let turn = turns[passed]
            passed += 1
            guard counts(turn) else { continue }
            byteCount -= versions.removeValue(forKey: turn.id)?.kept.cost ?? 0
        }
        if turns.count > 2 * versions.count + 16 {
            turns = turns[passed...].filter(counts)
            passed = 0
        }
    }

    private func counts(_ turn: Turn) -> Bool { versions[turn.id]?.turn == turn.number }

    /// For tests: what the order of versions takes.
    var turnsKept: Int { turns.count }
}

extension [UInt8] {
    /// The same without the room that it got for growing, where that is much.
    fileprivate var trimmed: [UInt8] {
        guard capacity > count + count / 8 + 64 else { return self }
        var copy: [UInt8] = []
        copy.reserveCapacity(count)
        copy += self
        return copy
    }
}
