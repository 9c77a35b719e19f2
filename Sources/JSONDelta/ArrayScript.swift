/// The operations that give an array's items their new order, for a known origin of each.
///
/// First come the removals, last item first, so that no index is disturbed by the one before it. Then the new order is
/// gone through from its beginning. Items that are already in the right order among themselves are *settled* from the
/// start, and each insertion or move puts one more item right behind its settled predecessor; when the new order has
/// been gone through, no unsettled item is left in between.
struct ArrayScript {
    /// An operation with the indices that hold at its moment.
    enum Step: Equatable {
        case remove(index: Int)
        case insert(item: Int, index: Int)
        case move(index: Int, target: Int)
    }

    private(set) var steps: [Step] = []

    /// Items that are the old ones, changed or not, by their index before and after all steps.
    private(set) var pairs: [(old: Int, new: Int)] = []

    private(set) var hasMoves = false

    /// - Parameter origins: for each new item the old one that it comes from, each at most once, or -1.
    init(origins: [Int], oldCount: Int) {
        var origins = origins
        var isSettled = Self.longestIncreasing(origins)
        Self.pairLeftovers(&origins, &isSettled, oldCount)

        var isUsed = [Bool](repeating: false, count: oldCount)
        for origin in origins where origin >= 0 { isUsed[origin] = true }
        for index in stride(from: oldCount - 1, through: 0, by: -1) where !isUsed[index] {
            steps.append(.remove(index: index))
        }
        pairs = origins.enumerated().compactMap { $1 >= 0 ? (old: $1, new: $0) : nil }
        hasMoves = zip(origins, isSettled).contains { $0 >= 0 && !$1 }
        place(origins, isSettled, isUsed)
    }

    private mutating func place(_ origins: [Int], _ isSettled: [Bool], _ isUsed: [Bool]) {
        // What remains after the removals, counted in old order.
        var rank = 0
        let ranks = isUsed.map { used in
            defer { if used { rank += 1 } }
            return rank
        }
        // The settled items that were there from the start, in order: their ranks, and where they end up.
        var keptRanks: [Int] = []
        var keptPlaces: [Int] = []
        var unsettled = RankCounter(count: hasMoves ? rank : 0)
        for (place, origin) in origins.enumerated() where origin >= 0 {
            if isSettled[place] {
                keptRanks.append(ranks[origin])
                keptPlaces.append(place)
            } else {
                unsettled.add(1, at: ranks[origin])
            }
        }

        // Unsettled items with a lower rank than the last settled one passed stand before it, in the way.
        var passed = 0
        for (place, origin) in origins.enumerated() {
            if isSettled[place] {
                passed += 1
                continue
            }
            let lastRank = passed > 0 ? keptRanks[passed - 1] : 0
            guard origin >= 0 else {
                steps.append(.insert(item: place, index: place + unsettled.count(below: lastRank)))
                continue
            }
            let own = ranks[origin]
            let keptBefore = keptRanks.partitioningIndex { $0 > own }
            // Behind a kept item that was passed, nothing has been put before it since; otherwise all items placed so
            // far stand before this one, and so do the kept ones not yet passed that come earlier.
            let settledBefore = keptBefore < passed ? keptPlaces[keptBefore] : place + keptBefore - passed
            let index = settledBefore + unsettled.count(below: own)
            unsettled.add(-1, at: own)
            let target = place + unsettled.count(below: lastRank)
            if index != target { steps.append(.move(index: index, target: target)) }
        }
    }

    /// Marks a longest run of items whose origins increase: those need not move.
    private static func longestIncreasing(_ origins: [Int]) -> [Bool] {
        var lastOfLength: [Int] = []
        var previous = [Int](repeating: -1, count: origins.count)
        for (place, origin) in origins.enumerated() where origin >= 0 {
            let length = lastOfLength.partitioningIndex { origins[$0] >= origin }
            if length > 0 { previous[place] = lastOfLength[length - 1] }
            if length == lastOfLength.count {
                lastOfLength.append(place)
            } else {
                lastOfLength[length] = place
            }
        }
        var result = [Bool](repeating: false, count: origins.count)
        var place = lastOfLength.last ?? -1
        while place >= 0 {
            result[place] = true
            place = previous[place]
        }
        return result
    }

    /// Between two settled neighbours, takes items that went and items that came for changed ones, in order.
    private static func pairLeftovers(_ origins: inout [Int], _ isSettled: inout [Bool], _ oldCount: Int) {
        var isUsed = [Bool](repeating: false, count: oldCount)
        for origin in origins where origin >= 0 { isUsed[origin] = true }
        var candidate = 0
        var place = 0
        while place < origins.count {
            var end = place
            while end < origins.count, !isSettled[end] { end += 1 }
            let limit = end < origins.count ? origins[end] : oldCount
            for newcomer in place..<end where origins[newcomer] < 0 {
                while candidate < limit, isUsed[candidate] { candidate += 1 }
                guard candidate < limit else { break }
                origins[newcomer] = candidate
                isSettled[newcomer] = true
                isUsed[candidate] = true
            }
            candidate = limit
            place = end + 1
        }
    }
}

/// Counts marks below a rank in logarithmic time (a Fenwick tree).
private struct RankCounter {
    private var sums: [Int]

    init(count: Int) {
        sums = Array(repeating: 0, count: count + 1)
    }

    mutating func add(_ value: Int, at rank: Int) {
        var index = rank + 1
        while index < sums.count {
            sums[index] += value
            index += index & -index
        }
    }

    func count(below rank: Int) -> Int {
        var index = min(rank, sums.count - 1)
        var result = 0
        while index > 0 {
            result += sums[index]
            index -= index & -index
        }
        return result
    }
}

extension Array {
    /// The first index at which `isSecond` holds, for an array in which it holds from some index on.
    fileprivate func partitioningIndex(_ isSecond: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isSecond(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
