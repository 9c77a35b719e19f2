/// What a JSON value is.
package enum JSONKind: UInt8, Sendable {
    case null, `false`, `true`, number, string, array, object
}

/// One value in a document's index: 16 bytes, in document order.
///
/// The nodes of a container's contents follow it directly, so the first child of node `n` is `n + 1`, its sibling is
/// at `next`, and the last child's `next` is the container's own. A member's name has no node: in minified text it
/// ends one byte (the colon) before the value, so its length is enough to find it.
struct JSONNode: Sendable {
    /// First byte of the value in the minified text.
    var offset: UInt32

    /// Bytes of the value.
    var length: UInt32

    /// The node after this subtree. While the scanner is inside a container: the container around it.
    var next: UInt32

    /// Bits 0–2 kind, bit 3 "the string has escapes", bit 4 "the name has escapes", the rest the name's length with
    /// its quotes (0: no name, since even `""` takes two bytes).
    private var meta: UInt32

    static let longestName = (1 << 26) - 1
    static let none = UInt32.max

    init(kind: JSONKind, offset: Int, length: Int, next: UInt32, hasEscapes: Bool, name: NameText) {
        self.offset = UInt32(truncatingIfNeeded: offset)
        self.length = UInt32(truncatingIfNeeded: length)
        self.next = next
        self.meta =
            UInt32(kind.rawValue) | (hasEscapes ? 8 : 0) | (name.hasEscapes ? 16 : 0)
            | UInt32(truncatingIfNeeded: name.length) << 5
    }

    /// The extent of a member's name, as the scanner hands it to the value that follows.
    struct NameText {
        var length: Int
        var hasEscapes: Bool
        static let none = NameText(length: 0, hasEscapes: false)
    }

    var kind: JSONKind {
        // The bits come from a JSONKind in `init`, and nothing else writes them.
        JSONKind(rawValue: UInt8(truncatingIfNeeded: meta & 7)) ?? .null
    }

    var hasEscapes: Bool { meta & 8 != 0 }
    var nameHasEscapes: Bool { meta & 16 != 0 }
    var nameLength: Int { Int(meta >> 5) }
    var end: Int { Int(offset) + Int(length) }

    /// This node as the root of a document of its own, or as a part of one that starts elsewhere.
    func relocated(bytes: UInt32, nodes: UInt32, asRoot: Bool) -> JSONNode {
        var copy = self
        copy.offset -= bytes
        copy.next -= nodes
        if asRoot { copy.meta &= 15 }
        return copy
    }
}
