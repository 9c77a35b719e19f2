/// A value that is being patched: text of a document until an operation reaches inside it, and then a node of its own.
///
/// Only the containers on the way to a change are taken apart; everything else is copied as text in the end.
final class EditableNode {
    private var content: Content
    private var items: [EditableNode] = []
    private var members: [Member] = []
    /// Places in `members` by unescaped name; removed members keep their place, without a value.
    private var places: [[UInt8]: Int] = [:]

    private enum Content {
        case text(JSONDocument, Int)
        case array
        case object
    }

    private struct Member {
        /// With quotes, as written.
        var name: [UInt8]
        var value: EditableNode?
    }

    init(_ document: JSONDocument, _ node: Int = 0) {
        content = .text(document, node)
    }

    private init(copying other: EditableNode) {
        content = other.content
        items = other.items.map(EditableNode.init(copying:))
        members = other.members.map { Member(name: $0.name, value: $0.value.map(EditableNode.init(copying:))) }
        places = other.places
    }

    func copy() -> EditableNode { EditableNode(copying: self) }

    var kind: JSONKind {
        switch content {
        case .text(let document, let node): document.nodes[node].kind
        case .array: .array
        case .object: .object
        }
    }

    var itemCount: Int {
        takeApart()
        return items.count
    }

    func child(_ step: JSONPointerStep) -> EditableNode? {
        takeApart()
        switch content {
        case .array: return step.index.flatMap { $0 < items.count ? items[$0] : nil }
        case .object: return places[step.bytes].flatMap { members[$0].value }
        case .text: return nil
        }
    }

    /// Sets a member: in its place where it exists, else at the end.
    func set(_ name: [UInt8], _ value: EditableNode) {
        takeApart()
        if let place = places[name], members[place].value != nil {
            members[place].value = value
        } else {
            var text = [UInt8(ascii: "\"")]
            JSONString.encode(name, to: &text)
            text.append(UInt8(ascii: "\""))
            places[name] = members.count
            members.append(Member(name: text, value: value))
        }
    }

    func insert(_ value: EditableNode, at index: Int) {
        takeApart()
        items.insert(value, at: index)
    }

    /// Replaces a child that exists.
    func replace(_ step: JSONPointerStep, with value: EditableNode) {
        takeApart()
        if case .array = content, let index = step.index {
            items[index] = value
        } else if let place = places[step.bytes] {
            members[place].value = value
        }
    }

    /// Takes a child that exists out.
    func remove(_ step: JSONPointerStep) {
        takeApart()
        if case .array = content, let index = step.index {
            items.remove(at: index)
        } else if let place = places.removeValue(forKey: step.bytes) {
            members[place].value = nil
        }
    }

    /// Levels of nesting: 0 for a scalar.
    var depth: Int {
        switch content {
        case .text(let document, let node): document.withView { $0.depth(node) }
        case .array: 1 + (items.map(\.depth).max() ?? 0)
        case .object: 1 + (members.compactMap { $0.value?.depth }.max() ?? 0)
        }
    }

    func write(to output: inout [UInt8]) {
        switch content {
        case .text(let document, let node):
            output += document.bytes[Int(document.nodes[node].offset)..<document.nodes[node].end]
        case .array:
            output.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                item.write(to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object:
            output.append(UInt8(ascii: "{"))
            var isFirst = true
            for member in members {
                guard let value = member.value else { continue }
                if !isFirst { output.append(UInt8(ascii: ",")) }
                isFirst = false
                output += member.name
                output.append(UInt8(ascii: ":"))
                value.write(to: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    private func takeApart() {
        guard case .text(let document, let node) = content else { return }
        switch document.nodes[node].kind {
        case .array:
            items = document.withView { $0.children(node) }.map { EditableNode(document, $0) }
            content = .array
        case .object:
            document.withView { view in
                for child in view.children(node) {
                    places[view.withName(child) { Array($0) }] = members.count
                    let name = [UInt8(ascii: "\"")] + view.rawName(child).bytes + [UInt8(ascii: "\"")]
                    members.append(Member(name: name, value: EditableNode(document, child)))
                }
            }
            content = .object
        default: break
        }
    }
}

extension JSONView {
    /// Levels of nesting inside a value: 0 for a scalar.
    func depth(_ node: Int) -> Int {
        var deepest = 0
        // The ends of the containers around the current node.
        var open: [UInt32] = []
        for index in node..<Int(nodes[node].next) {
            while let end = open.last, end <= index { open.removeLast() }
            if nodes[index].kind == .object || nodes[index].kind == .array {
                open.append(nodes[index].next)
                deepest = max(deepest, open.count)
            }
        }
        return deepest
    }
}
