@testable import JSONDelta

/// For any two documents: a patch leads from one to the other, to the byte; a merge patch by value.
enum DiffProperties {
    /// The first byte chooses: texts with a NUL between them, or texts made of the bytes.
    static func check(_ bytes: [UInt8]) throws(PropertyViolation) {
        var source = ByteSource(bytes)
        var texts: (old: [UInt8], new: [UInt8])
        if source.byte() & 1 == 0 {
            let parts = source.rest().split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { return }
            texts = (Array(parts[0]), Array(parts[1]))
        } else {
            texts = ByteDocument.pair(&source)
        }
        guard let old = try? JSONDocument(parsing: texts.old), let new = try? JSONDocument(parsing: texts.new) else {
            return
        }
        try checkPatch(old, new)
        try checkMerge(old, new)
        _ = ItemChange.diff(from: old, to: new, options: DiffOptions(keys: keys))
    }

    private static let keys: [(pattern: JSONPointerPattern, member: String)] = {
        do {
            return [
                (pattern: try JSONPointerPattern(""), member: "id"),
                (pattern: try JSONPointerPattern("/*"), member: "id"),
                (pattern: try JSONPointerPattern("/*/*"), member: "a"),
            ]
        } catch {
            preconditionFailure("\(error)")
        }
    }()

    private static func checkPatch(_ old: JSONDocument, _ new: JSONDocument) throws(PropertyViolation) {
        for options in [DiffOptions(), DiffOptions(keys: keys), DiffOptions(workLimit: 0)] {
            let patch = JSONPatch.diff(from: old, to: new, options: options)
            let story = "\(text(old.bytes))\n\(text(new.bytes))\n\(text(patch.bytes))"
            do {
                let result = try old.applying(patch)
                try require(result.bytes == new.bytes, "leads elsewhere: \(story)")
            } catch let violation as PropertyViolation {
                throw violation
            } catch {
                throw PropertyViolation("\(error): \(story)")
            }
            try require(patch.isEmpty == (old.bytes == new.bytes), "is empty, or is not: \(story)")
            try require(patch.bytes.count <= new.bytes.count + 40, "is longer than the document: \(story)")
        }
    }

    private static func checkMerge(_ old: JSONDocument, _ new: JSONDocument) throws(PropertyViolation) {
        guard let merge = MergePatch.diff(from: old, to: new) else { return }
        let story = "\(text(old.bytes))\n\(text(new.bytes))\n\(text(merge))"
        do {
            let result = try old.applyingMerge(merge)
            try require(result.means(new) || result.hasRepeatedNames, "leads elsewhere: \(story)")
        } catch let violation as PropertyViolation {
            throw violation
        } catch {
            throw PropertyViolation("\(error): \(story)")
        }
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
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
