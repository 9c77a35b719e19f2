/// JSON Merge Patch (RFC 7396): a document of the members that changed, in which `null` means "remove".
package enum MergePatch {
    /// The merge patch that makes `old` into `new`; nil where there is none.
    ///
    /// There is none where a member would have to become `null`, inside a new object too, and where an object that
    /// has to be spelled out repeats a name. The result of applying it is equal to `new` by value: a new member goes
    /// to the end of its object. `{}` where nothing changed.
    package static func diff(from old: JSONDocument, to new: JSONDocument) -> [UInt8]? {
        old.withView { old in
            new.withView { new in
                var diff = MergeDiff(old: old, new: new)
                return diff.run()
            }
        }
    }
}

private struct MergeDiff {
    let old: JSONView
    let new: JSONView
    private let decodedNames = DecodedNames()
    private var output: [UInt8] = []

    init(old: JSONView, new: JSONView) {
        self.old = old
        self.new = new
    }

    mutating func run() -> [UInt8]? {
        let isSayable: Bool
        switch (old.nodes[0].kind, new.nodes[0].kind) {
        case (.object, .object): isSayable = writeChanges(0, 0)
        case (_, .object): isSayable = writeNew(0)
        default:
            // Anything but an object replaces the whole document, `null` included (RFC 7396 section 2).
            output += new.text(0).bytes
            isSayable = true
        }
        return isSayable ? output : nil
    }

    private mutating func writeChanges(_ a: Int, _ b: Int) -> Bool {
        output.append(UInt8(ascii: "{"))
        if old.text(a) != new.text(b) {
            guard let before = MemberNames(a, in: old, decodedNames: decodedNames),
                let after = MemberNames(b, in: new, decodedNames: decodedNames)
            else { return false }
            var isFirst = true
            for (place, name) in before.names.enumerated() where after.place(name) == nil {
                output.beginMember(before.members[place], in: old, &isFirst)
                output += "null".utf8
            }
            for (place, name) in after.names.enumerated() {
                let member = after.members[place]
                let origin = before.place(name).map { before.members[$0] }
                if let origin, old.text(origin) == new.text(member) { continue }
                output.beginMember(member, in: new, &isFirst)
                if let origin, old.nodes[origin].kind == .object, new.nodes[member].kind == .object {
                    guard writeChanges(origin, member) else { return false }
                } else {
                    guard writeNew(member) else { return false }
                }
            }
        }
        output.append(UInt8(ascii: "}"))
        return true
    }

    /// A value that replaces something else; false where the merge would drop a part of it.
    private mutating func writeNew(_ node: Int) -> Bool {
        guard survivesMerge(node) else { return false }
        output += new.text(node).bytes
        return true
    }

    /// Members that are `null` vanish, at any depth of objects; what is inside an array is taken as it is.
    private func survivesMerge(_ node: Int) -> Bool {
        switch new.nodes[node].kind {
        case .null: return false
        case .object:
            guard let names = MemberNames(node, in: new, decodedNames: decodedNames) else { return false }
            return names.members.allSatisfy { survivesMerge($0) }
        default: return true
        }
    }
}

extension JSONDocument {
    /// This document after a merge patch (RFC 7396 section 2): members keep their order, new ones go to the end.
    ///
    /// - Throws: ``JSONError`` where the text is not JSON, or the result would exceed `limits`.
    package func applyingMerge(_ patch: [UInt8], limits: JSONLimits = .standard) throws(JSONError) -> JSONDocument {
        let patch = try JSONDocument(parsing: patch, limits: limits)
        let output = withView { target in
            patch.withView { patch in
                var merge = MergeApplication(target: target, patch: patch)
                merge.write(0, 0)
                return merge.output
            }
        }
        return try JSONDocument(parsing: output, limits: limits)
    }
}

private struct MergeApplication {
    let target: JSONView
    let patch: JSONView
    private let decodedNames = DecodedNames()
    private(set) var output: [UInt8] = []

    init(target: JSONView, patch: JSONView) {
        self.target = target
        self.patch = patch
    }

    /// Writes the target (nil: there is none) after the patch.
    mutating func write(_ node: Int?, _ change: Int) {
        guard patch.nodes[change].kind == .object else {
            output += patch.text(change).bytes
            return
        }
        let changes = lastMembers(change, in: patch)
        var isFirst = true
        var isDone: Set<ByteSlice> = []
        output.append(UInt8(ascii: "{"))
        if let node, target.nodes[node].kind == .object {
            for member in target.children(node) {
                let name = decodedNames.name(member, in: target)
                guard let change = changes[name] else {
                    output.beginMember(member, in: target, &isFirst)
                    output += target.text(member).bytes
                    continue
                }
                // A repeated name is changed once, in its first place.
                guard isDone.insert(name).inserted, patch.nodes[change].kind != .null else { continue }
                output.beginMember(member, in: target, &isFirst)
                write(member, change)
            }
        }
        for member in patch.children(change) {
            let name = decodedNames.name(member, in: patch)
            guard changes[name] == member, patch.nodes[member].kind != .null, !isDone.contains(name) else { continue }
            output.beginMember(member, in: patch, &isFirst)
            write(nil, member)
        }
        output.append(UInt8(ascii: "}"))
    }

    private func lastMembers(_ object: Int, in view: JSONView) -> [ByteSlice: Int] {
        var result: [ByteSlice: Int] = [:]
        for member in view.children(object) { result[decodedNames.name(member, in: view)] = member }
        return result
    }
}

extension [UInt8] {
    /// A comma unless it is the first member, the name as written, and the colon.
    fileprivate mutating func beginMember(_ member: Int, in view: JSONView, _ isFirst: inout Bool) {
        if !isFirst { append(UInt8(ascii: ",")) }
        isFirst = false
        append(UInt8(ascii: "\""))
        append(contentsOf: view.rawName(member).bytes)
        append(UInt8(ascii: "\""))
        append(UInt8(ascii: ":"))
    }
}
