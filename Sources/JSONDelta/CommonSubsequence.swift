/// Longest common subsequence (E. Myers, "An O(ND) difference algorithm and its variations", 1986).
enum CommonSubsequence {
    /// The pairs of a longest common subsequence, in order; nil, with `work` used up, where it would take longer.
    static func find(_ a: [Int32], _ b: [Int32], work: inout Int) -> [(first: Int, second: Int)]? {
        let most = a.count + b.count
        // furthest[k + most]: how far into `a` a path on diagonal k (= x - y) gets with the edits made so far.
        var furthest = [Int32](repeating: 0, count: 2 * most + 2)
        // Per number of edits, the diagonals -edits...edits of `furthest` before it; to find the way back.
        var history: [[Int32]] = []
        for edits in 0...most {
            guard work > 0 else { return nil }
            history.append(Array(furthest[(most - edits)...(most + edits)]))
            for diagonal in stride(from: -edits, through: edits, by: 2) {
                var x = Int(start(furthest, most + diagonal, diagonal, edits))
                var y = x - diagonal
                while x < a.count, y < b.count, a[x] == b[y] {
                    x += 1
                    y += 1
                    work -= 1
                }
                work -= 1
                furthest[most + diagonal] = Int32(truncatingIfNeeded: x)
                if x >= a.count, y >= b.count { return wayBack(history, a.count, b.count) }
            }
        }
        return nil
    }

    /// Where a diagonal is entered: from its neighbour above (an insertion) or below (a removal).
    private static func start(_ furthest: [Int32], _ at: Int, _ diagonal: Int, _ edits: Int) -> Int32 {
        if edits == 0 { return 0 }
        if diagonal == -edits || diagonal != edits && furthest[at - 1] < furthest[at + 1] { return furthest[at + 1] }
        return furthest[at - 1] + 1
    }

    private static func wayBack(_ history: [[Int32]], _ endX: Int, _ endY: Int) -> [(first: Int, second: Int)] {
        var pairs: [(first: Int, second: Int)] = []
        var x = endX
        var y = endY
        for edits in stride(from: history.count - 1, through: 0, by: -1) {
            let diagonal = x - y
            let begin = Int(start(history[edits], edits + diagonal, diagonal, edits))
            while x > begin {
                x -= 1
                y -= 1
                pairs.append((x, y))
            }
            guard edits > 0 else { break }
            // An insertion keeps x; a removal advanced it by one.
            let saved = history[edits]
            let isInsertion =
                diagonal == -edits
                || diagonal != edits && saved[edits + diagonal - 1] < saved[edits + diagonal + 1]
            if isInsertion { y -= 1 } else { x -= 1 }
        }
        return pairs.reversed()
    }
}
