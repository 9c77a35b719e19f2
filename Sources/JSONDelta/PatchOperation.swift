/// One operation of a patch (RFC 6902 section 4), checked for form.
struct PatchOperation {
    var action: Action
    var path: JSONPointer

    enum Action {
        case add(EditableNode)
        case remove
        case replace(EditableNode)
        case move(from: JSONPointer)
        case copy(from: JSONPointer)
        case test(JSONDocument)
    }

    /// Reads the operation at a node of the patch document.
    init(_ patch: JSONDocument, _ node: Int) throws(PatchFault) {
        guard patch.nodes[node].kind == .object else { throw PatchFault("an operation must be an object") }
        switch try Self.string(patch, node, "op") {
        case "add": action = .add(EditableNode(patch, try Self.value(patch, node)))
        case "remove": action = .remove
        case "replace": action = .replace(EditableNode(patch, try Self.value(patch, node)))
        case "move": action = .move(from: try Self.pointer(patch, node, "from"))
        case "copy": action = .copy(from: try Self.pointer(patch, node, "from"))
        case "test": action = .test(patch.part(try Self.value(patch, node)))
        case let other: throw PatchFault("there is no operation \"\(other)\"")
        }
        path = try Self.pointer(patch, node, "path")
    }

    private static func value(_ patch: JSONDocument, _ node: Int) throws(PatchFault) -> Int {
        try member(patch, node, "value")
    }

    private static func pointer(_ patch: JSONDocument, _ node: Int, _ name: String) throws(PatchFault) -> JSONPointer {
        let text = try string(patch, node, name)
        do throws(JSONPointerError) {
            return try JSONPointer(text)
        } catch {
            throw PatchFault(error.description)
        }
    }

    private static func string(_ patch: JSONDocument, _ node: Int, _ name: String) throws(PatchFault) -> String {
        let member = try member(patch, node, name)
        guard patch.nodes[member].kind == .string else { throw PatchFault("\"\(name)\" must be a string") }
        let decoded = patch.withView { JSONString.decode($0.rawString(member).bytes) }
        guard !decoded.hasLoneSurrogate else { throw PatchFault("\"\(name)\" holds a lone surrogate") }
        return String(decoding: decoded.bytes, as: UTF8.self)
    }

    /// RFC 6902 section 4: exactly one `op`, exactly one `path`; the others would be as ambiguous if they repeated.
    private static func member(_ patch: JSONDocument, _ node: Int, _ name: String) throws(PatchFault) -> Int {
        let found = patch.withView { view in
            view.children(node).filter { child in view.withName(child) { $0.elementsEqual(name.utf8) } }
        }
        guard let member = found.first else { throw PatchFault("\"\(name)\" is missing") }
        guard found.count == 1 else { throw PatchFault("\"\(name)\" occurs more than once") }
        return member
    }
}

/// Why an operation cannot be carried out; its number is added by who counts them.
struct PatchFault: Error {
    var reason: String
    init(_ reason: String) { self.reason = reason }
}
