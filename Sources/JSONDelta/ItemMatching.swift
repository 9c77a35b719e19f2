/// Finds out which item of an array's old form each item of its new form is.
struct ItemMatching {
    let old: JSONView
    let new: JSONView
    let removed: [Int]
    let inserted: [Int]

    /// For each inserted item the place of the removed one that it comes from, or -1; no place occurs twice.
    ///
    /// - Parameters:
    ///   - key: the member that identifies an item, where one is configured.
    ///   - work: steps that may still be spent on the search for a longest common subsequence.
    mutating func origins(key: [UInt8]?, work: inout Int) -> [Int] {
        guard !removed.isEmpty, !inserted.isEmpty else { return inserted.map { _ in -1 } }
        if let key, let origins = originsByKey(key, allowingRepeats: true) { return origins }
        for name in likelyKeys() {
            if let origins = originsByKey(name, allowingRepeats: false) { return origins }
        }
        return originsByContent(&work)
    }

    // MARK: By key

    /// nil where an item has no such member, or, unless that is allowed, two have the same.
    private func originsByKey(_ member: [UInt8], allowingRepeats: Bool) -> [Int]? {
        let before = old.identified(removed, by: member)
        let after = new.identified(inserted, by: member)
        guard before.count == removed.count, after.count == inserted.count else { return nil }
        if !allowingRepeats {
            guard (before + after).allSatisfy({ $0.identity.occurrence == 0 }) else { return nil }
        }
        let places = Dictionary(uniqueKeysWithValues: zip(before.lazy.map(\.identity), before.indices))
        return after.map { places[$0.identity] ?? -1 }
    }

    /// Names in the first item that look like an identity, best first; at most three are worth a try.
    private func likelyKeys() -> [[UInt8]] {
        guard let first = removed.first, old.nodes[first].kind == .object else { return [] }
        let names = old.children(first).map { Array(old.rawName($0).bytes) }
        let exact = Self.identityNames.filter { names.contains($0) }
        let endings = names.filter { name in
            !exact.contains(name)
                && Self.identityEndings.contains { name.count > $0.count && name.suffix($0.count) == $0[...] }
        }
        return Array((exact + endings).prefix(3))
    }

    private static let identityNames = ["id", "_id", "ID", "Id", "uuid", "guid", "uid", "key", "slug"].map {
        Array($0.utf8)
    }
    private static let identityEndings = ["Id", "ID", "_id", "Uuid", "Guid"].map { Array($0.utf8) }

    // MARK: By content

    private func originsByContent(_ work: inout Int) -> [Int] {
        // Equal items get equal numbers; comparing those is exact, whatever the hash function does.
        var numbers: [ByteSlice: Int32] = [:]
        func number(_ item: Int, in view: JSONView) -> Int32 {
            let next = Int32(truncatingIfNeeded: numbers.count)
            let text = view.text(item)
            if let known = numbers[text] { return known }
            numbers[text] = next
            return next
        }
        let before = removed.map { number($0, in: old) }
        let after = inserted.map { number($0, in: new) }

        var countsBefore = [Int](repeating: 0, count: numbers.count)
        var countsAfter = countsBefore
        for number in before { countsBefore[Int(number)] += 1 }
        for number in after { countsAfter[Int(number)] += 1 }

        var origins = [Int](repeating: -1, count: after.count)
        let hasRepeats = zip(countsBefore, countsAfter).contains { $0 > 0 && $1 > 0 && $0 + $1 > 2 }
        if hasRepeats {
            // What occurs on one side only cannot be part of a common subsequence, and would only cost steps.
            let commonBefore = before.indices.filter { countsAfter[Int(before[$0])] > 0 }
            let commonAfter = after.indices.filter { countsBefore[Int(after[$0])] > 0 }
            let pairs = CommonSubsequence.find(
                commonBefore.map { before[$0] },
                commonAfter.map { after[$0] },
                work: &work
            )
            for pair in pairs ?? [] { origins[commonAfter[pair.second]] = commonBefore[pair.first] }
        }

        // What is left over and equal has changed places; the first one left goes to the first place, and so on.
        var isUsed = [Bool](repeating: false, count: before.count)
        for origin in origins where origin >= 0 { isUsed[origin] = true }
        var waiting: [Int32: (places: [Int], taken: Int)] = [:]
        for place in before.indices where !isUsed[place] && countsAfter[Int(before[place])] > 0 {
            waiting[before[place], default: ([], 0)].places.append(place)
        }
        for place in after.indices where origins[place] < 0 {
            guard let queue = waiting[after[place]], queue.taken < queue.places.count else { continue }
            origins[place] = queue.places[queue.taken]
            waiting[after[place]]?.taken += 1
        }
        return origins
    }
}
