/// Writes the operations of a patch, and keeps the pointer of the place that is being compared.
struct PatchWriter {
    /// Operations, each followed by a comma.
    private(set) var operations: [UInt8] = []
    private(set) var count = 0

    /// The current place as JSON string text: a JSON Pointer in which quotes and the like are escaped already.
    private var path: [UInt8] = []

    /// A place in the output to compare sizes from, or to go back to.
    struct Mark {
        fileprivate var bytes: Int
        fileprivate var count: Int
    }

    var mark: Mark { Mark(bytes: operations.count, count: count) }

    func size(since mark: Mark) -> Int { operations.count - mark.bytes }

    mutating func rollBack(to mark: Mark) {
        operations.removeSubrange(mark.bytes...)
        count = mark.count
    }

    /// Takes back what was written since `mark`, to be compared with another way to say it.
    mutating func cut(from mark: Mark) -> Cutting {
        let cutting = Cutting(operations: Array(operations[mark.bytes...]), count: count - mark.count)
        rollBack(to: mark)
        return cutting
    }

    mutating func paste(_ cutting: Cutting) {
        operations += cutting.operations
        count += cutting.count
    }

    struct Cutting {
        fileprivate var operations: [UInt8]
        fileprivate var count: Int
        var size: Int { operations.count }
    }

    consuming func finish() -> JSONPatch {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(operations.count + 2)
        bytes.append(UInt8(ascii: "["))
        bytes += operations.dropLast()
        bytes.append(UInt8(ascii: "]"))
        return JSONPatch(bytes: bytes, count: count)
    }

    // MARK: Place

    /// Goes to a member or item; `leave` with what this returns goes back.
    mutating func enter(_ token: PathToken) -> Int {
        let outer = path.count
        path.append(UInt8(ascii: "/"))
        path += token.text
        return outer
    }

    mutating func leave(to outer: Int) {
        path.removeSubrange(outer...)
    }

    // MARK: Operations

    /// Bytes of a `replace` of the current place, and of the two operations that take a member out and append it.
    func replaceSize(_ value: Int) -> Int {
        #"{"op":"replace","path":"","value":},"#.utf8.count + path.count + value
    }

    func reappendSize(_ token: PathToken, _ value: Int) -> Int {
        #"{"op":"remove","path":"/"},{"op":"add","path":"/","value":},"#.utf8.count
            + 2 * (path.count + token.text.count) + value
    }

    mutating func replace(with value: ByteSlice) {
        begin("replace")
        endWithValue(value)
    }

    mutating func add(_ token: PathToken, _ value: ByteSlice) {
        begin("add")
        append(token)
        endWithValue(value)
    }

    mutating func remove(_ token: PathToken) {
        begin("remove")
        append(token)
        operations += #""},"#.utf8
    }

    mutating func move(_ from: PathToken, to target: PathToken) {
        count += 1
        operations += #"{"op":"move","from":""#.utf8
        operations += path
        append(from)
        operations += #"","path":""#.utf8
        operations += path
        append(target)
        operations += #""},"#.utf8
    }

    private mutating func begin(_ operation: StaticString) {
        count += 1
        operations += #"{"op":""#.utf8
        operations += UnsafeBufferPointer(start: operation.utf8Start, count: operation.utf8CodeUnitCount)
        operations += #"","path":""#.utf8
        operations += path
    }

    private mutating func append(_ token: PathToken) {
        operations.append(UInt8(ascii: "/"))
        operations += token.text
    }

    private mutating func endWithValue(_ value: ByteSlice) {
        operations += #"","value":"#.utf8
        operations += value.bytes
        operations += "},".utf8
    }
}

/// A member's name or an item's index, as it stands in the text of a patch's path.
struct PathToken {
    let text: [UInt8]

    init(index: Int) {
        text = Array(String(index).utf8)
    }

    /// The token for a member that exists; nil where a lone surrogate in its name keeps pointers from naming it.
    init?(existing node: Int, in view: JSONView) {
        self.init(rawName: view.rawName(node).bytes, hasEscapes: view.nodes[node].nameHasEscapes)
    }

    /// The token for a member to be added; nil where an applier, who only learns what the name says, would write it
    /// differently from the text here.
    init?(added node: Int, in view: JSONView) {
        let raw = view.rawName(node).bytes
        if view.nodes[node].nameHasEscapes {
            var canonical: [UInt8] = []
            JSONString.encode(JSONString.decode(raw).bytes, to: &canonical)
            guard canonical.elementsEqual(raw) else { return nil }
        }
        self.init(rawName: raw, hasEscapes: view.nodes[node].nameHasEscapes)
    }

    /// The token for a name that needs no escapes of any kind.
    init(plain name: [UInt8]) {
        text = name
    }

    private init?(rawName: UnsafeBufferPointer<UInt8>, hasEscapes: Bool) {
        var token: [UInt8] = []
        token.reserveCapacity(rawName.count)
        if hasEscapes {
            let name = JSONString.decode(rawName)
            guard !name.hasLoneSurrogate else { return nil }
            var pointer: [UInt8] = []
            JSONPointerStep.escape(name.bytes, to: &pointer)
            JSONString.encode(pointer, to: &token)
        } else {
            JSONPointerStep.escape(rawName, to: &token)
        }
        text = token
    }
}
