/// A JSON Patch (RFC 6902).
package struct JSONPatch: Sendable, Hashable {
    /// The patch document: an array of operations, without white space.
    package let bytes: [UInt8]

    /// How many operations it holds.
    package let count: Int

    /// True where it changes nothing.
    package var isEmpty: Bool { count == 0 }

    init(bytes: [UInt8], count: Int) {
        self.bytes = bytes
        self.count = count
    }

    /// The patch that makes `old` into `new`, to the byte of the delivered form.
    ///
    /// Exact for an applier that keeps order: a new member goes to the end of its object, a replaced one keeps its
    /// place, and removing one leaves the order of the others. Values are copied from `new` to the letter. A part
    /// whose operations would be larger than one `replace` of it is replaced, the whole document included; so the
    /// patch is never much larger than `new`, but it may be a little: the caller sends whichever is smaller.
    package static func diff(
        from old: JSONDocument,
        to new: JSONDocument,
        options: DiffOptions = DiffOptions()
    ) -> JSONPatch {
        if old.bytes == new.bytes { return JSONPatch(bytes: Array("[]".utf8), count: 0) }
        return old.withView { old in
            new.withView { new in
                var diff = DocumentDiff(from: old, to: new, options: options)
                return diff.run()
            }
        }
    }
}
