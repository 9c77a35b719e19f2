/// Finds what a misspelt word was meant to be.
enum Spelling {
    /// The nearest of the known words, or nil where none is near.
    static func nearest(to word: String, in known: [String]) -> String? {
        let word = word.lowercased()
        let allowed = max(1, word.count / 3)
        guard word.count <= 64 else { return nil }
        return known.map { (word: $0, distance: distance(word, $0.lowercased())) }
            .filter { $0.distance <= allowed }
            .min { $0.distance < $1.distance }?.word
    }

    /// Insertions, removals, replacements and swaps of neighbours that turn one word into the other (optimal string
    /// alignment).
    static func distance(_ first: String, _ second: String) -> Int {
        let (first, second) = (Array(first), Array(second))
        var rows = [Array(0...second.count)]
        for i in first.indices {
            var row = [i + 1]
            for j in second.indices {
                var best = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (first[i] == second[j] ? 0 : 1))
                if i > 0, j > 0, first[i] == second[j - 1], first[i - 1] == second[j] {
                    best = min(best, rows[i - 1][j - 1] + 1)
                }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[first.count][second.count]
    }
}
