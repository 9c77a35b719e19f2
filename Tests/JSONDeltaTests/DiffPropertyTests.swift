import Testing

@testable import JSONDelta

@Suite("Any two documents")
struct DiffPropertyTests {
    /// Every seed is a run of its own: `arguments` names the one that failed.
    @Test("a patch leads from one to the other, to the byte; a merge patch by value", arguments: 0..<40)
    func roundTrip(seed: Int) throws {
        var random = SeededGenerator(UInt64(seed))
        let keys = [
            (pattern: try JSONPointerPattern("/*"), member: "id"),
            (pattern: try JSONPointerPattern("/*/*"), member: "id"),
            (pattern: try JSONPointerPattern(""), member: "a"),
        ]
        for _ in 0..<25 {
            let source = RandomDocument.make(5, &random)
            var target = source
            for _ in 0..<Int.random(in: 0...6, using: &random) { target = target.edited(&random) }
            if random.chance(3) { target = RandomDocument.make(4, &random) }
            let old = try JSONDocument(source.text)
            let new = try JSONDocument(target.text)
            for options in [DiffOptions(), DiffOptions(keys: keys), DiffOptions(workLimit: 0)] {
                let patch = JSONPatch.diff(from: old, to: new, options: options)
                let result = try old.applying(patch)
                #expect(result.bytes == new.bytes, "\(old.text)\n\(new.text)\n\(patch.text)")
                #expect(patch.isEmpty == (old.bytes == new.bytes))
                #expect(patch.bytes.count <= new.bytes.count + 40)
                #expect(try JSONDocument(parsing: patch.bytes).items.count == patch.count)
            }
            if let merge = MergePatch.diff(from: old, to: new) {
                let result = try old.applyingMerge(merge)
                let text = String(decoding: merge, as: UTF8.self)
                #expect(result.means(new) || result.hasRepeatedNames, "\(old.text)\n\(new.text)\n\(text)")
            }
        }
    }

    @Test("an edit as deep as the limit is found and applied")
    func deep() throws {
        func nested(_ core: String) -> String {
            String(repeating: #"{"a":["#, count: 255) + core + String(repeating: "]}", count: 255)
        }
        let old = try JSONDocument(nested("[1]"))
        let new = try JSONDocument(nested("[2]"))
        let patch = JSONPatch.diff(from: old, to: new)
        #expect(try old.applying(patch).bytes == new.bytes)
        #expect(try old.applyingMerge(try #require(MergePatch.diff(from: old, to: new))).bytes == new.bytes)
        #expect(!old.isEqual(to: new, ignoring: []))
    }
}

extension JSONDocument {
    /// Objects that repeat a name have no value that could be compared.
    fileprivate var hasRepeatedNames: Bool {
        withView { view in
            view.nodes.indices.contains {
                view.nodes[$0].kind == .object && MemberNames($0, in: view, decodedNames: DecodedNames()) == nil
            }
        }
    }
}
