extension JSONDocument {
    /// This document after a patch.
    ///
    /// - Throws: ``JSONPatchError`` where an operation cannot be carried out, a `test` fails, or the result would exceed
    ///   `limits`.
    package func applying(
        _ patch: JSONPatch,
        limits: JSONLimits = .standard
    ) throws(JSONPatchError) -> JSONDocument {
        try applying(patch: patch.bytes, limits: limits)
    }

    /// This document after a patch that is given as text: all of RFC 6902.
    ///
    /// Order is kept: `add` of a new member appends it, `replace` (and `add` of a member that exists) keeps its place.
    ///
    /// - Throws: ``JSONPatchError`` where the text is no patch, an operation cannot be carried out, a `test` fails, or
    ///   the result would exceed `limits`.
    package func applying(
        patch text: [UInt8],
        limits: JSONLimits = .standard
    ) throws(JSONPatchError) -> JSONDocument {
        // A value may be as deep in the patch as in the document, and stands in an array and an operation there.
        var patchLimits = limits
        patchLimits.maxDepth += 2
        let patch: JSONDocument
        do throws(JSONError) {
            patch = try JSONDocument(parsing: text, limits: patchLimits)
        } catch {
            throw JSONPatchError(operation: nil, reason: "the patch is not JSON: \(error)")
        }
        guard patch.kind == .array else {
            throw JSONPatchError(operation: nil, reason: "a patch must be an array of operations")
        }
        var editor = PatchEditor(root: EditableNode(self), limits: limits)
        for (number, node) in patch.withView({ $0.children(0) }).enumerated() {
            do throws(PatchFault) {
                try editor.apply(PatchOperation(patch, node))
            } catch {
                throw JSONPatchError(operation: number, reason: error.reason)
            }
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(self.bytes.count + text.count)
        editor.root.write(to: &bytes)
        do throws(JSONError) {
            return try JSONDocument(parsing: bytes, limits: limits)
        } catch {
            throw JSONPatchError(operation: nil, reason: "the result is refused: \(error)")
        }
    }
}

/// Carries operations out, one after the other.
private struct PatchEditor {
    var root: EditableNode
    let limits: JSONLimits
    /// Bytes that `copy` has made out of nothing; a short patch can ask for terabytes.
    private var copied = 0

    init(root: EditableNode, limits: JSONLimits) {
        self.root = root
        self.limits = limits
    }

    mutating func apply(_ operation: PatchOperation) throws(PatchFault) {
        switch operation.action {
        case .add(let value):
            try add(value, at: operation.path)
        case .remove:
            try remove(operation.path)
        case .replace(let value):
            try replace(operation.path, with: value)
        case .move(let from):
            try move(from, to: operation.path)
        case .copy(let from):
            let source = try find(from)
            var text: [UInt8] = []
            source.write(to: &text)
            copied += text.count
            guard copied <= limits.effectiveBytes else { throw PatchFault("the copies exceed the size limit") }
            try add(source.copy(), at: operation.path)
        case .test(let expected):
            guard try value(at: operation.path).means(expected) else {
                throw PatchFault("the value at \"\(operation.path)\" is not the one tested for")
            }
        }
    }

    private func find(_ pointer: JSONPointer) throws(PatchFault) -> EditableNode {
        var node = root
        for step in pointer.steps {
            guard let child = node.child(step) else { throw PatchFault("there is no \"\(pointer)\"") }
            node = child
        }
        return node
    }

    private func parent(_ pointer: JSONPointer) throws(PatchFault) -> EditableNode {
        try find(JSONPointer(steps: Array(pointer.steps.dropLast())))
    }

    private func value(at pointer: JSONPointer) throws(PatchFault) -> JSONDocument {
        var text: [UInt8] = []
        try find(pointer).write(to: &text)
        do throws(JSONError) {
            return try JSONDocument(parsing: text, limits: limits)
        } catch {
            throw PatchFault("the value at \"\(pointer)\" is refused: \(error)")
        }
    }

    /// Every step keeps the tree within the depth limit, so that what recurses over it cannot overflow the stack.
    private func checkDepth(_ value: EditableNode, at pointer: JSONPointer) throws(PatchFault) {
        guard pointer.steps.count + value.depth <= limits.effectiveDepth else {
            throw PatchFault("\"\(pointer)\" would be nested deeper than the limit")
        }
    }

    private mutating func add(_ value: EditableNode, at pointer: JSONPointer) throws(PatchFault) {
        try checkDepth(value, at: pointer)
        guard let last = pointer.steps.last else {
            root = value
            return
        }
        let parent = try parent(pointer)
        switch parent.kind {
        case .object:
            parent.set(last.bytes, value)
        case .array:
            let isEnd = last.bytes == [UInt8(ascii: "-")]
            guard let index = isEnd ? parent.itemCount : last.index, index <= parent.itemCount else {
                throw PatchFault("\"\(pointer)\" is no place in the array, which has \(parent.itemCount) items")
            }
            parent.insert(value, at: index)
        default:
            throw PatchFault("nothing can be added at \"\(pointer)\": its parent is no object or array")
        }
    }

    private func remove(_ pointer: JSONPointer) throws(PatchFault) {
        guard let last = pointer.steps.last else { throw PatchFault("the whole document cannot be removed") }
        _ = try find(pointer)
        try parent(pointer).remove(last)
    }

    private mutating func replace(_ pointer: JSONPointer, with value: EditableNode) throws(PatchFault) {
        _ = try find(pointer)
        try checkDepth(value, at: pointer)
        guard let last = pointer.steps.last else {
            root = value
            return
        }
        try parent(pointer).replace(last, with: value)
    }

    private mutating func move(_ from: JSONPointer, to target: JSONPointer) throws(PatchFault) {
        let value = try find(from)
        if from == target { return }
        // RFC 6902 section 4.4.
        guard !target.steps.starts(with: from.steps) else {
            throw PatchFault("\"\(from)\" cannot be moved into itself")
        }
        try remove(from)
        try add(value, at: target)
    }
}
