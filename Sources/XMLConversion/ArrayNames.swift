import JSONDelta

/// The places at which elements always become an array, even a single one: those that patterns name, and the entries
/// of RSS and Atom feeds.
struct ArrayNames {
    /// nil is the wildcard.
    private let patterns: [[[UInt8]?]]

    /// How far the patterns match at one element.
    struct Place {
        fileprivate var matched: [(pattern: Int, tokens: Int)]
        /// Whether the element is an item of an array that is named.
        let isItem: Bool
    }

    init(_ patterns: [JSONPointerPattern], below selection: JSONPointer?) {
        let selected = selection?.tokens.map { Optional(Array($0.utf8)) } ?? []
        let feeds = ["/rss/channel/item", "/rdf:RDF/item", "/feed/entry"].map { path in
            path.split(separator: "/").map { Optional(Array($0.utf8)) }
        }
        self.patterns = patterns.map { selected + $0.tokens } + feeds
    }

    var root: Place { Place(matched: patterns.indices.map { ($0, 0) }, isItem: false) }

    /// The place of a child element.
    ///
    /// Whether an element will turn out to be an item of an array is not known while it is read, so a token that can
    /// be an index (`*` or a number, which no element's name is) may match the item or be passed over.
    func entering(_ name: [UInt8], from place: Place) -> Place {
        var matched: [(pattern: Int, tokens: Int)] = []
        for (pattern, tokens) in place.matched {
            let rest = patterns[pattern].dropFirst(tokens)
            guard let token = rest.first else { continue }
            let canBeIndex = Self.canBeIndex(token)
            // In an item of an array, it is the index.
            if token == name || token == nil && !place.isItem { matched.append((pattern, tokens + 1)) }
            if canBeIndex, rest.count > 1 {
                let token = rest[rest.startIndex + 1]
                if token == nil || token == name { matched.append((pattern, tokens + 2)) }
            }
        }
        return Place(matched: matched, isItem: matched.contains { patterns[$0.pattern].count == $0.tokens })
    }

    /// Names of the arrays that belong in the element at `place`, be they empty.
    func arrays(in place: Place) -> [[UInt8]] {
        place.matched.compactMap { pattern, tokens in
            let rest = patterns[pattern].dropFirst(tokens)
            if rest.count == 1 { return rest[rest.startIndex] }
            guard rest.count == 2, place.isItem, Self.canBeIndex(rest[rest.startIndex]) else { return nil }
            return rest[rest.startIndex + 1]
        }
    }

    private static func canBeIndex(_ token: [UInt8]?) -> Bool {
        token?.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? true
    }
}
