/// Compares two documents and writes the patch between them.
///
/// Every comparison of a pair writes its operations into one output with a limit: once they are longer than a
/// `replace` of the pair would be, they are taken back and the `replace` is written. The return value `false` of the
/// private functions means just that: "not worth it, or not sayable; replace the whole".
struct DocumentDiff {
    private let old: JSONView
    private let new: JSONView
    private let keyPatterns: [JSONPointerPattern]
    private let keyMembers: [[UInt8]]
    private let sharedPrefix: Int
    private let sharedSuffix: Int
    private let decodedNames = DecodedNames()
    private var writer = PatchWriter()
    private var remainingWork: Int
    /// Set while one of two ways to say an array's change is tried, so that nested arrays do not double the work again.
    private var isTrying = false

    init(from old: JSONView, to new: JSONView, options: DiffOptions) {
        self.old = old
        self.new = new
        self.keyPatterns = options.keys.map(\.pattern)
        self.keyMembers = options.keys.map { Array($0.member.utf8) }
        self.remainingWork = options.workLimit
        self.sharedPrefix = ByteSlice.commonPrefix(old.bytes, new.bytes)
        self.sharedSuffix = ByteSlice.commonSuffix(old.bytes, new.bytes)
    }

    mutating func run() -> JSONPatch {
        compare(0, 0, PatternCursor(keyPatterns))
        return writer.finish()
    }

    /// Whether two values are the same text.
    ///
    /// Most pairs lie wholly in what both documents share at their beginning or end, and need not be read again.
    private func areSame(_ a: Int, _ b: Int) -> Bool {
        let first = old.nodes[a]
        let second = new.nodes[b]
        guard first.length == second.length else { return false }
        if first.offset == second.offset, first.end <= sharedPrefix { return true }
        let tail = old.bytes.count - Int(first.offset)
        if tail == new.bytes.count - Int(second.offset), tail <= sharedSuffix { return true }
        return old.text(a) == new.text(b)
    }

    private mutating func compare(_ a: Int, _ b: Int, _ keys: PatternCursor) {
        if areSame(a, b) { return }
        let start = writer.mark
        let limit = writer.replaceSize(Int(new.nodes[b].length))
        let isWorthIt: Bool
        switch (old.nodes[a].kind, new.nodes[b].kind) {
        case (.object, .object): isWorthIt = compareMembers(a, b, keys, Budget(start: start, limit: limit))
        case (.array, .array): isWorthIt = compareItems(a, b, keys, Budget(start: start, limit: limit))
        default: isWorthIt = false
        }
        if !isWorthIt || writer.size(since: start) > limit {
            writer.rollBack(to: start)
            writer.replace(with: new.text(b))
        }
    }

    /// How much the operations for a pair may take.
    private struct Budget {
        var start: PatchWriter.Mark
        var limit: Int
    }

    private func isWithin(_ budget: Budget) -> Bool {
        writer.size(since: budget.start) <= budget.limit
    }

    // MARK: Objects

    private mutating func compareMembers(_ a: Int, _ b: Int, _ keys: PatternCursor, _ budget: Budget) -> Bool {
        var changed: [(old: Int, new: Int)] = []
        var first = a + 1
        var second = b + 1
        let firstEnd = Int(old.nodes[a].next)
        let secondEnd = Int(new.nodes[b].next)
        while first < firstEnd, second < secondEnd, old.rawName(first) == new.rawName(second) {
            if !areSame(first, second) { changed.append((first, second)) }
            first = Int(old.nodes[first].next)
            second = Int(new.nodes[second].next)
        }
        guard first == firstEnd, second == secondEnd else { return rearrangeMembers(a, b, keys, budget) }
        guard areUnique(changed.map(\.old), in: a) else { return false }
        for pair in changed {
            guard compareMember(pair.old, pair.new, keys), isWithin(budget) else { return false }
        }
        return true
    }

    /// Whether no other member of the object has the name of one of these.
    private func areUnique(_ members: [Int], in object: Int) -> Bool {
        // A few changes are the usual case, and not worth a table of all names.
        guard members.count <= 8 else { return MemberNames(object, in: old, decodedNames: decodedNames) != nil }
        return members.allSatisfy { member in
            let name = decodedNames.name(member, in: old)
            return old.children(object).allSatisfy { $0 == member || decodedNames.name($0, in: old) != name }
        }
    }

    private mutating func compareMember(_ a: Int, _ b: Int, _ keys: PatternCursor) -> Bool {
        guard let token = PathToken(existing: a, in: old) else { return false }
        let below = keys.isEmpty ? keys : old.withName(a) { keys.entering(name: $0) }
        let outer = writer.enter(token)
        compare(a, b, below)
        writer.leave(to: outer)
        return true
    }

    /// Members that came, went or changed places.
    ///
    /// Appending is the only way to put a member somewhere, so those that stay are the longest beginning of the new
    /// order that the old one holds in that order; all after it are appended in turn.
    private mutating func rearrangeMembers(_ a: Int, _ b: Int, _ keys: PatternCursor, _ budget: Budget) -> Bool {
        guard let before = MemberNames(a, in: old, decodedNames: decodedNames),
            let after = MemberNames(b, in: new, decodedNames: decodedNames)
        else { return false }
        let origins = after.names.map { before.place($0) }
        for (place, origin) in origins.enumerated() {
            // The same name, written differently: no operation changes how a name is written.
            if let origin, old.rawName(before.members[origin]) != new.rawName(after.members[place]) { return false }
        }
        for (place, name) in before.names.enumerated() where after.place(name) == nil {
            guard let token = PathToken(existing: before.members[place], in: old) else { return false }
            writer.remove(token)
        }

        var kept = 0
        var last = -1
        while kept < origins.count, let origin = origins[kept], origin > last {
            last = origin
            kept += 1
        }
        for place in 0..<kept {
            guard let origin = origins[place] else { return false }
            let pair = (before.members[origin], after.members[place])
            guard areSame(pair.0, pair.1) || compareMember(pair.0, pair.1, keys), isWithin(budget) else { return false }
        }
        var spare = [UInt8(ascii: "_")]
        while before.contains(spare) || after.contains(spare) { spare.append(UInt8(ascii: "_")) }
        for place in kept..<origins.count {
            guard let token = PathToken(added: after.members[place], in: new) else { return false }
            if let origin = origins[place] {
                reappend(before.members[origin], after.members[place], token, PathToken(plain: spare), keys)
            } else {
                writer.add(token, new.text(after.members[place]))
            }
            guard isWithin(budget) else { return false }
        }
        return true
    }

    /// Puts a member at the end of its object: taken out and added again, or, where its value is large, moved to a
    /// spare name and back, which costs the same whatever its size.
    private mutating func reappend(
        _ a: Int,
        _ b: Int,
        _ token: PathToken,
        _ spare: PathToken,
        _ keys: PatternCursor
    ) {
        let start = writer.mark
        let size = writer.reappendSize(token, Int(new.nodes[b].length))
        writer.move(token, to: spare)
        writer.move(spare, to: token)
        if writer.size(since: start) < size, compareMember(a, b, keys), writer.size(since: start) < size { return }
        writer.rollBack(to: start)
        writer.remove(token)
        writer.add(token, new.text(b))
    }

    // MARK: Arrays

    private mutating func compareItems(_ a: Int, _ b: Int, _ keys: PatternCursor, _ budget: Budget) -> Bool {
        let before = old.children(a)
        let after = new.children(b)
        var head = 0
        while head < before.count, head < after.count, areSame(before[head], after[head]) { head += 1 }
        var tail = 0
        while tail < before.count - head, tail < after.count - head,
            areSame(before[before.count - tail - 1], after[after.count - tail - 1])
        {
            tail += 1
        }
        let removed = Array(before[head..<before.count - tail])
        let inserted = Array(after[head..<after.count - tail])

        var matching = ItemMatching(old: old, new: new, removed: removed, inserted: inserted)
        let origins = matching.origins(key: keys.match.map { keyMembers[$0] }, work: &remainingWork)
        let script = ArrayScript(origins: origins, oldCount: removed.count)
        let places = ChangedItems(old: removed, new: inserted, head: head)
        guard script.hasMoves, !isTrying else { return write(script, places, keys, budget) }

        // Items of a few bytes are often cheaper to overwrite in place than to move.
        isTrying = true
        defer { isTrying = false }
        let isMovingWorthIt = write(script, places, keys, budget)
        let moving = writer.cut(from: budget.start)
        let inPlace = ArrayScript(
            origins: inserted.indices.map { $0 < removed.count ? $0 : -1 },
            oldCount: removed.count
        )
        let isOverwritingWorthIt = write(inPlace, places, keys, budget)
        if isMovingWorthIt, !isOverwritingWorthIt || moving.size < writer.size(since: budget.start) {
            writer.rollBack(to: budget.start)
            writer.paste(moving)
            return true
        }
        return isOverwritingWorthIt
    }

    /// The items between those that an array's two forms share at their beginning and end.
    private struct ChangedItems {
        var old: [Int]
        var new: [Int]
        /// How many items come before them.
        var head: Int
    }

    private mutating func write(
        _ script: ArrayScript,
        _ items: ChangedItems,
        _ keys: PatternCursor,
        _ budget: Budget
    ) -> Bool {
        for step in script.steps {
            switch step {
            case .remove(let index):
                writer.remove(PathToken(index: items.head + index))
            case .insert(let item, let index):
                writer.add(PathToken(index: items.head + index), new.text(items.new[item]))
            case .move(let index, let target):
                writer.move(PathToken(index: items.head + index), to: PathToken(index: items.head + target))
            }
            guard isWithin(budget) else { return false }
        }
        for pair in script.pairs where !areSame(items.old[pair.old], items.new[pair.new]) {
            let index = items.head + pair.new
            let outer = writer.enter(PathToken(index: index))
            compare(items.old[pair.old], items.new[pair.new], keys.entering(index: index))
            writer.leave(to: outer)
            guard isWithin(budget) else { return false }
        }
        return true
    }
}
