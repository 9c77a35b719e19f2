import Testing

@testable import JSONDelta

@Suite("The steps that rearrange an array")
struct ArrayScriptTests {
    /// Carries the steps out on items that are their old places; new ones are 100 and above.
    private func result(_ script: ArrayScript, _ oldCount: Int) -> [Int] {
        var items = Array(0..<oldCount)
        for step in script.steps {
            switch step {
            case .remove(let index): items.remove(at: index)
            case .insert(let item, let index): items.insert(100 + item, at: index)
            case .move(let index, let target): items.insert(items.remove(at: index), at: target)
            }
        }
        return items
    }

    private func check(_ origins: [Int], _ oldCount: Int) {
        let script = ArrayScript(origins: origins, oldCount: oldCount)
        var expected = origins.indices.map { 100 + $0 }
        for pair in script.pairs { expected[pair.new] = pair.old }
        #expect(result(script, oldCount) == expected, "\(origins) of \(oldCount): \(script.steps)")
        for (place, origin) in origins.enumerated() where origin >= 0 { #expect(expected[place] == origin) }
        #expect(Set(script.pairs.map(\.old)).count == script.pairs.count)
        #expect(script.hasMoves == script.steps.contains { if case .move = $0 { true } else { false } })
    }

    @Test("up to four old items reach up to four new places in every possible way")
    func exhaustive() {
        for oldCount in 0...4 {
            for newCount in 0...4 {
                func extend(_ origins: [Int]) {
                    if origins.count == newCount {
                        check(origins, oldCount)
                        return
                    }
                    for origin in -1..<oldCount where origin < 0 || !origins.contains(origin) {
                        extend(origins + [origin])
                    }
                }
                extend([])
            }
        }
    }

    @Test("large arrays reach their new order")
    func random() {
        var random = SeededGenerator(11)
        for _ in 0..<200 {
            let oldCount = Int.random(in: 0...60, using: &random)
            let percent = Int.random(in: 0...60, using: &random)
            var pool = Array(0..<oldCount)
            if random.chance(50) { pool.shuffle(using: &random) }
            for _ in 0..<Int.random(in: 0...3, using: &random) where pool.count > 1 {
                pool.swapAt(
                    Int.random(in: 0..<pool.count, using: &random),
                    Int.random(in: 0..<pool.count, using: &random)
                )
            }
            var origins: [Int] = []
            for origin in pool {
                if !random.chance(percent) { origins.append(origin) }
                if random.chance(percent) { origins.append(-1) }
            }
            check(origins, oldCount)
        }
    }

    @Test("moving one item takes one step, and unmatched neighbours are taken for changed ones")
    func minimal() {
        #expect(ArrayScript(origins: [3, 0, 1, 2], oldCount: 4).steps == [.move(index: 3, target: 0)])
        #expect(ArrayScript(origins: [1, 2, 3, 0], oldCount: 4).steps == [.move(index: 0, target: 3)])
        #expect(ArrayScript(origins: [0, -1, 2], oldCount: 3).steps == [])
        #expect(ArrayScript(origins: [0, -1, -1, 2], oldCount: 3).steps == [.insert(item: 2, index: 2)])
    }
}

@Suite("Longest common subsequence")
struct CommonSubsequenceTests {
    @Test("it is as long as the one that dynamic programming finds")
    func length() throws {
        var random = SeededGenerator(5)
        for _ in 0..<500 {
            let a = (0..<Int.random(in: 0...20, using: &random)).map { _ in Int32.random(in: 0..<5, using: &random) }
            let b = (0..<Int.random(in: 0...20, using: &random)).map { _ in Int32.random(in: 0..<5, using: &random) }
            var work = 1 << 20
            let pairs = try #require(CommonSubsequence.find(a, b, work: &work))
            #expect(pairs.allSatisfy { a[$0.first] == b[$0.second] })
            #expect(zip(pairs, pairs.dropFirst()).allSatisfy { $0.first < $1.first && $0.second < $1.second })
            #expect(pairs.count == textbook(a, b))
        }
    }

    @Test("the search stops when its work is used up")
    func bound() {
        var work = 10
        #expect(CommonSubsequence.find(Array(0..<100), Array((0..<100).reversed()), work: &work) == nil)
        #expect(work <= 0)
    }

    private func textbook(_ a: [Int32], _ b: [Int32]) -> Int {
        var row = [Int](repeating: 0, count: b.count + 1)
        for x in a {
            var diagonal = 0
            for (index, y) in b.enumerated() {
                let above = row[index + 1]
                row[index + 1] = x == y ? diagonal + 1 : max(above, row[index])
                diagonal = above
            }
        }
        return row[b.count]
    }
}
