import Foundation
import Testing

/// Inputs that fuzzing found, and seeds for it: what broke once stays mended. `make fuzz` adds to them.
@Suite("The fuzzers' corpus")
struct CorpusTests {
    private static let folder = Bundle.module.bundleURL.appendingPathComponent("Corpus")

    @Test("every input keeps its properties", arguments: FuzzTarget.allCases)
    func corpus(target: FuzzTarget) throws {
        let folder = Self.folder.appendingPathComponent(target.rawValue)
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        #expect(!files.isEmpty)
        for file in files {
            let bytes = Array(try Data(contentsOf: file))
            do {
                try target.check(bytes)
            } catch {
                Issue.record("\(file.lastPathComponent): \(error)")
            }
        }
    }

    @Test("bytes without sense, and cut and changed inputs, keep them too", arguments: FuzzTarget.allCases)
    func nearCorpus(target: FuzzTarget) throws {
        let folder = Self.folder.appendingPathComponent(target.rawValue)
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        var random = Repeatable()
        for file in files.prefix(50) {
            let bytes = Array(try Data(contentsOf: file).prefix(4096))
            for _ in 0..<10 {
                var changed = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
                if let place = changed.indices.randomElement(using: &random) {
                    changed[place] = UInt8.random(in: .min ... .max, using: &random)
                }
                do {
                    try target.check(changed)
                } catch {
                    Issue.record("\(changed): \(error)")
                }
            }
        }
    }
}

/// The same choices in every run (xorshift64).
private struct Repeatable: RandomNumberGenerator {
    private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
