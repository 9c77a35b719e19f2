/// What happened to one item of a keyed array.
package struct ItemChange: Sendable, Hashable {
    /// What happened.
    package enum Kind: String, Sendable {
        case added, changed, removed
    }

    /// What happened.
    package let kind: Kind

    /// The array: a JSON Pointer without wildcards.
    package let collection: String

    /// The JSON text of the member that identifies the item.
    package let key: [UInt8]

    /// The JSON text of the item as it is now; nil where it was removed.
    package let value: [UInt8]?

    /// The JSON text of the item as it was; nil where it was added.
    package let was: [UInt8]?

    /// What happened to the items of all arrays that `options.keys` names.
    ///
    /// Array by array; in each first what was removed, in the old order, then what was added or changed, in the new
    /// one. An array that only one document has is an empty one in the other. An array inside an item is compared with that of the
    /// same item, wherever the item stands now. Where several items have one key, the
    /// first is compared with the first, and so on. Items without a key are passed over. An item whose place alone
    /// changed, or that differs only in what ``JSONDocument/isEqual(to:ignoring:)`` disregards, has not changed.
    package static func diff(
        from old: JSONDocument,
        to new: JSONDocument,
        options: DiffOptions,
        ignoring: [JSONPointerPattern] = []
    ) -> [ItemChange] {
        if old.bytes == new.bytes { return [] }
        return old.withView { old in
            new.withView { new in
                ItemComparison(old: old, new: new, options: options, ignoring: PatternCursor(ignoring)).run()
            }
        }
    }
}

private struct ItemComparison {
    let old: JSONView
    let new: JSONView
    let options: DiffOptions
    let ignoring: PatternCursor

    /// An array that a pattern names, in one of the documents.
    private struct Collection {
        var pointer: JSONPointer
        /// Where it is, whatever places the items around it have.
        var path: [Step]
        var node: Int
        var member: [UInt8]
    }

    private enum Step: Hashable {
        case name(JSONPointerStep)
        case place(Int)
        case item(ItemIdentity)
    }

    func run() -> [ItemChange] {
        let before = collections(in: old)
        let after = collections(in: new)
        let nodesBefore = Dictionary(before.map { ($0.path, $0.node) }, uniquingKeysWith: { first, _ in first })
        let pathsAfter = Set(after.map(\.path))
        var changes: [ItemChange] = []
        for collection in after {
            compare(collection, nodesBefore[collection.path], collection.node, to: &changes)
        }
        for collection in before where !pathsAfter.contains(collection.path) {
            compare(collection, collection.node, nil, to: &changes)
        }
        return changes
    }

    private func collections(in view: JSONView) -> [Collection] {
        var result: [Collection] = []
        var pointer: [JSONPointerStep] = []
        var path: [Step] = []
        let members = options.keys.map { Array($0.member.utf8) }
        func enter(_ child: Int, _ cursor: PatternCursor, _ pointerStep: JSONPointerStep, _ step: Step) {
            pointer.append(pointerStep)
            path.append(step)
            visit(child, cursor)
            path.removeLast()
            pointer.removeLast()
        }
        func visit(_ node: Int, _ cursor: PatternCursor) {
            if cursor.isEmpty { return }
            switch view.nodes[node].kind {
            case .object:
                for child in view.children(node) {
                    let name = view.withName(child) { Array($0) }
                    let step = JSONPointerStep(name)
                    enter(child, name.withUnsafeBufferPointer { cursor.entering(name: $0) }, step, .name(step))
                }
            case .array:
                let items = view.children(node)
                var identities: [Int: ItemIdentity] = [:]
                if let match = cursor.match {
                    let member = members[match]
                    result.append(
                        Collection(pointer: JSONPointer(steps: pointer), path: path, node: node, member: member)
                    )
                    for (identity, item) in view.identified(items, by: member) { identities[item] = identity }
                }
                for (index, item) in items.enumerated() {
                    let step = identities[item].map { Step.item($0) } ?? .place(index)
                    enter(item, cursor.entering(index: index), JSONPointerStep(index), step)
                }
            default: break
            }
        }
        visit(0, PatternCursor(options.keys.map(\.pattern)))
        return result
    }

    private func compare(_ collection: Collection, _ before: Int?, _ after: Int?, to changes: inout [ItemChange]) {
        let items = old.identified(before.map(old.children) ?? [], by: collection.member)
        let others = new.identified(after.map(new.children) ?? [], by: collection.member)
        let oldNodes = Dictionary(uniqueKeysWithValues: items.map { ($0.identity, $0.item) })
        let newIdentities = Set(others.map(\.identity))
        let pointer = collection.pointer.text

        for (identity, node) in items where !newIdentities.contains(identity) {
            changes.append(
                ItemChange(
                    kind: .removed,
                    collection: pointer,
                    key: Array(identity.key.bytes),
                    value: nil,
                    was: Array(old.text(node).bytes)
                )
            )
        }
        let comparison = ValueComparison(old: old, new: new)
        let ignored = ignoring.entering(collection.pointer.steps)
        for (place, (identity, node)) in others.enumerated() {
            let origin = oldNodes[identity]
            if let origin, comparison.areEqual(origin, node, ignored.entering(index: place)) { continue }
            changes.append(
                ItemChange(
                    kind: origin == nil ? .added : .changed,
                    collection: pointer,
                    key: Array(identity.key.bytes),
                    value: Array(new.text(node).bytes),
                    was: origin.map { Array(old.text($0).bytes) }
                )
            )
        }
    }
}
