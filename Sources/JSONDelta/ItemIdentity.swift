/// What an item of a keyed array is known by: its key, and which of the items with that key it is.
///
/// Keys should not repeat, but real feeds hold the same item twice now and then.
struct ItemIdentity: Hashable {
    /// The JSON text of the item's key.
    var key: ByteSlice
    /// 0 for the first item with this key, 1 for the second, and so on.
    var occurrence: Int
}

extension JSONView {
    /// The items that have a key, each with its identity, in order.
    func identified(_ items: [Int], by member: [UInt8]) -> [(identity: ItemIdentity, item: Int)] {
        var occurrences: [ByteSlice: Int] = [:]
        occurrences.reserveCapacity(items.count)
        return items.compactMap { item in
            guard let key = key(of: item, member) else { return nil }
            let occurrence = occurrences[key, default: 0]
            occurrences[key] = occurrence + 1
            return (ItemIdentity(key: key, occurrence: occurrence), item)
        }
    }

    /// The text of the member that identifies an item; nil where the item is no object, has none, or it is no scalar.
    ///
    /// An object with a `#text` counts as that text: so an XML element with attributes can be a key, such as the `guid`
    /// of RSS.
    private func key(of item: Int, _ name: [UInt8]) -> ByteSlice? {
        guard nodes[item].kind == .object, let member = name.withUnsafeBufferPointer({ member(item, $0) }) else {
            return nil
        }
        switch nodes[member].kind {
        case .object:
            return Self.textMember.withUnsafeBufferPointer { self.member(member, $0) }.flatMap(scalar)
        default:
            return scalar(member)
        }
    }

    private static let textMember = Array("#text".utf8)

    private func scalar(_ node: Int) -> ByteSlice? {
        switch nodes[node].kind {
        case .object, .array: nil
        default: text(node)
        }
    }
}
