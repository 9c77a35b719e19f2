/// A JSON text in its delivered form, with an index over it. No value is ever materialised.
package struct JSONDocument: Sendable {
    /// The text without its insignificant white space, and otherwise to the letter: member order, number text and
    /// string escapes are those of the source.
    package let bytes: [UInt8]

    let nodes: ContiguousArray<JSONNode>

    /// Checks a text against RFC 8259 and builds its index, in one pass.
    ///
    /// Strict, but for two points on which the RFC leaves the choice: a UTF-8 byte order mark before the text is left
    /// out (section 8.1), and escapes of lone surrogates are kept as they are (section 8.2). Numbers may be as large
    /// and as long as they like, and names may repeat.
    ///
    /// - Throws: ``JSONError`` where the text is not JSON, is not UTF-8, or exceeds `limits`.
    package init(parsing bytes: [UInt8], limits: JSONLimits = .standard) throws(JSONError) {
        let result = try bytes.withUnsafeBufferPointer { buffer throws(JSONError) -> JSONScanner.Result in
            do throws(ScanFailure) {
                return try JSONScanner.scan(buffer, limits: limits)
            } catch {
                throw JSONError(error, in: buffer)
            }
        }
        self.bytes = result.minified ?? bytes
        self.nodes = result.nodes
    }

    private init(bytes: [UInt8], nodes: ContiguousArray<JSONNode>) {
        self.bytes = bytes
        self.nodes = nodes
    }

    /// What the document's root is.
    package var kind: JSONKind { nodes[0].kind }

    /// The part of the document at `pointer`, as a document of its own; nil where there is none.
    ///
    /// Where a name repeats in an object, the last member counts, as with most parsers.
    package func select(_ pointer: JSONPointer) -> JSONDocument? {
        guard let node = withView({ $0.find(pointer.steps) }) else { return nil }
        return part(node)
    }

    /// Whether both documents say the same.
    ///
    /// White space, member order, and what `ignoring` names (a member that one of them lacks, too) make no
    /// difference. Numbers and strings are compared as written: `1.0` differs from `1`.
    package func isEqual(to other: JSONDocument, ignoring: [JSONPointerPattern] = []) -> Bool {
        if bytes == other.bytes { return true }
        return withView { old in
            other.withView { new in
                ValueComparison(old: old, new: new).areEqual(0, 0, PatternCursor(ignoring))
            }
        }
    }

    func part(_ node: Int) -> JSONDocument {
        guard node > 0 else { return self }
        let root = nodes[node]
        var part = ContiguousArray<JSONNode>()
        part.reserveCapacity(Int(root.next) - node)
        for index in node..<Int(root.next) {
            part.append(
                nodes[index].relocated(
                    bytes: root.offset,
                    nodes: UInt32(truncatingIfNeeded: node),
                    asRoot: index == node
                )
            )
        }
        return JSONDocument(bytes: Array(bytes[Int(root.offset)..<root.end]), nodes: part)
    }

    /// Lends the text and the index for reading at speed.
    func withView<R>(_ body: (JSONView) -> R) -> R {
        bytes.withUnsafeBufferPointer { bytes in
            nodes.withUnsafeBufferPointer { nodes in
                body(JSONView(bytes: bytes, nodes: nodes))
            }
        }
    }
}

/// A document's text and index while `withView` lends them; nodes are named by their place in the index.
///
/// The buffers are read without bounds checks in release builds. Every node and every extent comes from the scanner,
/// which made them over this very text.
struct JSONView {
    let bytes: UnsafeBufferPointer<UInt8>
    let nodes: UnsafeBufferPointer<JSONNode>

    func text(_ node: Int) -> ByteSlice {
        let extent = nodes[node]
        return slice(Int(extent.offset), extent.end)
    }

    /// A member's name between its quotes, as written.
    func rawName(_ node: Int) -> ByteSlice {
        let extent = nodes[node]
        let colon = Int(extent.offset) - 1
        return slice(colon - extent.nameLength + 1, colon - 1)
    }

    /// A string's text between its quotes, as written.
    func rawString(_ node: Int) -> ByteSlice {
        slice(Int(nodes[node].offset) + 1, nodes[node].end - 1)
    }

    /// Calls `body` with a member's unescaped name.
    func withName<R>(_ node: Int, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        let raw = rawName(node).bytes
        guard nodes[node].nameHasEscapes else { return body(raw) }
        return JSONString.decode(raw).bytes.withUnsafeBufferPointer(body)
    }

    /// The nodes of a container's members or items.
    func children(_ node: Int) -> [Int] {
        var result: [Int] = []
        var child = node + 1
        let end = Int(nodes[node].next)
        while child < end {
            result.append(child)
            child = Int(nodes[child].next)
        }
        return result
    }

    /// The member with an (unescaped) name; the last of them where the name repeats.
    func member(_ object: Int, _ name: UnsafeBufferPointer<UInt8>) -> Int? {
        var found: Int?
        var child = object + 1
        let end = Int(nodes[object].next)
        let wanted = ByteSlice(name)
        while child < end {
            if nodes[child].nameHasEscapes {
                if withName(child, { ByteSlice($0) == wanted }) { found = child }
            } else if rawName(child) == wanted {
                found = child
            }
            child = Int(nodes[child].next)
        }
        return found
    }

    func item(_ array: Int, _ index: Int) -> Int? {
        var child = array + 1
        let end = Int(nodes[array].next)
        for _ in 0..<index {
            guard child < end else { return nil }
            child = Int(nodes[child].next)
        }
        return child < end ? child : nil
    }

    func find(_ steps: [JSONPointerStep]) -> Int? {
        var node = 0
        for step in steps {
            let next: Int? =
                switch nodes[node].kind {
                case .object: step.bytes.withUnsafeBufferPointer { member(node, $0) }
                case .array: step.index.flatMap { item(node, $0) }
                default: nil
                }
            guard let next else { return nil }
            node = next
        }
        return node
    }

    private func slice(_ start: Int, _ end: Int) -> ByteSlice {
        ByteSlice(UnsafeBufferPointer(rebasing: bytes[start..<end]))
    }
}
