import JSONDelta

/// Older versions of a topic, up to a number of bytes: the oldest leave first.
///
/// Of a JSON document it keeps the text alone. Its index would take as much again, and is made anew in less time than
/// the version that it is compared with takes to arrive. Every call takes the same time however many versions there are.
struct History {
    private enum Kept {
        case json([UInt8])
        case other(Document.Content)

        var count: Int {
            switch self {
            case .json(let bytes): bytes.count
            case .other(let content): content.bytes.count
            }
        }
    }

    private struct Version {
        var kept: Kept
        var contentType: String
        var turn: Int
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
    private(set) var byteCount = 0

    var count: Int { versions.count }

    func contains(_ id: VersionID) -> Bool { versions[id] != nil }

    /// A version that is still known. Takes time in proportion to the document.
    func document(_ id: VersionID) -> Document? {
        guard let version = versions[id] else { return nil }
        switch version.kept {
        case .other(let content):
            return Document(content: content, contentType: version.contentType, id: id)
        case .json(let bytes):
            guard let document = try? JSONDocument(parsing: bytes) else { return nil }
            return Document(content: .json(document), contentType: version.contentType, id: id)
        }
    }

    /// Takes a version in as the newest, and lets the oldest go until all take at most `limit` bytes.
    mutating func remember(_ document: Document, limit: Int) {
        let kept: Kept =
            if case .json(let json) = document.content { .json(json.bytes) } else { .other(document.content) }
        let version = Version(kept: kept, contentType: document.contentType, turn: nextTurn)
        // The same content again (A, B, A) has one place, the newer.
        byteCount -= versions.updateValue(version, forKey: document.id)?.kept.count ?? 0
        byteCount += kept.count
        turns.append(Turn(id: document.id, number: nextTurn))
        nextTurn += 1
        while byteCount > limit, passed < turns.count {
            let turn = turns[passed]
            passed += 1
            guard counts(turn) else { continue }
            byteCount -= versions.removeValue(forKey: turn.id)?.kept.count ?? 0
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
