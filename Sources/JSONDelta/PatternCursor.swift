/// Which patterns can still match at or below the place that a walk has reached.
///
/// A walk without patterns carries an empty cursor, which costs nothing.
struct PatternCursor {
    private let patterns: [[JSONPointerStep?]]
    private var active: [(pattern: Int, matched: Int)]

    init(_ patterns: [JSONPointerPattern]) {
        self.patterns = patterns.map(\.steps)
        self.active = patterns.indices.map { ($0, 0) }
    }

    /// True where no pattern can match any more, here or below.
    var isEmpty: Bool { active.isEmpty }

    /// The first pattern that names this very place.
    var match: Int? {
        active.first { $0.matched == patterns[$0.pattern].count }?.pattern
    }

    /// The cursor for the member with this (unescaped) name.
    func entering(name: UnsafeBufferPointer<UInt8>) -> PatternCursor {
        advanced { $0.bytes.elementsEqual(name) }
    }

    /// The cursor for the item with this index.
    func entering(index: Int) -> PatternCursor {
        advanced { $0.index == index }
    }

    /// The cursor at the end of a whole path.
    func entering(_ steps: [JSONPointerStep]) -> PatternCursor {
        steps.reduce(self) { cursor, step in cursor.advanced { $0 == step } }
    }

    private func advanced(_ isNamed: (JSONPointerStep) -> Bool) -> PatternCursor {
        guard !active.isEmpty else { return self }
        var next = self
        next.active = []
        for (pattern, matched) in active where matched < patterns[pattern].count {
            // nil is the wildcard.
            if patterns[pattern][matched].map(isNamed) ?? true { next.active.append((pattern, matched + 1)) }
        }
        return next
    }
}
