/// Equality of values in two documents: members in any order, texts as written, ignored places left out.
struct ValueComparison {
    let old: JSONView
    let new: JSONView

    func areEqual(_ a: Int, _ b: Int, _ ignored: PatternCursor) -> Bool {
        if ignored.match != nil || old.text(a) == new.text(b) { return true }
        switch (old.nodes[a].kind, new.nodes[b].kind) {
        case (.object, .object): return membersAreEqual(a, b, ignored)
        case (.array, .array): return itemsAreEqual(a, b, ignored)
        default: return false
        }
    }

    private func itemsAreEqual(_ a: Int, _ b: Int, _ ignored: PatternCursor) -> Bool {
        let first = counted(old, a, ignored)
        let second = counted(new, b, ignored)
        return first.count == second.count
            && zip(first, second).allSatisfy { areEqual($0.node, $1.node, $0.below) }
    }

    private func membersAreEqual(_ a: Int, _ b: Int, _ ignored: PatternCursor) -> Bool {
        let first = counted(old, a, ignored)
        let second = counted(new, b, ignored)
        guard first.count == second.count else { return false }
        // Nearly always both are written in the same order.
        var at = 0
        while at < first.count, old.rawName(first[at].node) == new.rawName(second[at].node) {
            guard areEqual(first[at].node, second[at].node, first[at].below) else { return false }
            at += 1
        }
        let restOfFirst = sorted(first[at...], in: old)
        let restOfSecond = sorted(second[at...], in: new)
        return zip(restOfFirst, restOfSecond).allSatisfy {
            old.rawName($0.node) == new.rawName($1.node) && areEqual($0.node, $1.node, $0.below)
        }
    }

    /// A member or item that counts, and what is ignored inside it.
    private struct Child {
        var node: Int
        var below: PatternCursor
    }

    private func counted(_ view: JSONView, _ container: Int, _ ignored: PatternCursor) -> [Child] {
        var result: [Child] = []
        var index = 0
        var child = container + 1
        let end = Int(view.nodes[container].next)
        let isObject = view.nodes[container].kind == .object
        while child < end {
            var below = ignored
            if !ignored.isEmpty {
                below =
                    isObject
                    ? view.withName(child) { ignored.entering(name: $0) } : ignored.entering(index: index)
            }
            if below.match == nil { result.append(Child(node: child, below: below)) }
            index += 1
            child = Int(view.nodes[child].next)
        }
        return result
    }

    /// By name; members of one name stay in document order.
    private func sorted(_ members: ArraySlice<Child>, in view: JSONView) -> [Child] {
        members.sorted {
            let first = view.rawName($0.node)
            let second = view.rawName($1.node)
            return first == second ? $0.node < $1.node : first.isOrdered(before: second)
        }
    }
}
