import JSONDelta

/// Makes JSON text of elements as they open and close. Knows the convention; knows nothing of the parser.
///
/// | XML | JSON |
/// | --- | --- |
/// | the document | an object with one member, named after the root element |
/// | element with neither attributes nor elements inside | its text, a string |
/// | any other element | an object |
/// | attribute `a="x"` (namespace declarations too) | member `"@a": "x"` |
/// | element inside | member named as written, with its prefix |
/// | several of one name | an array, in their order |
/// | text of an object's element | member `"#text"`, unless it is white space alone |
struct JSONBuilder {
    private let arrays: ArrayNames
    private let limits: XMLLimits
    private var open: [OpenElement] = []
    private var nodes = 0
    private var size = 0
    /// The whole text, once the root element has closed.
    private(set) var result: [UInt8]?

    /// An element between its tags.
    private struct OpenElement {
        var name: [UInt8]
        var place: ArrayNames.Place
        var text: [UInt8] = []
        /// In the order of each name's first appearance.
        var members: [Member] = []
        var indexes: [[UInt8]: Int] = [:]

        mutating func append(_ value: [UInt8], name: [UInt8], isItem: Bool) {
            if let index = indexes[name] {
                members[index].values.append(value)
                return
            }
            indexes[name] = members.count
            members.append(Member(name: name, values: [value], isArray: isItem))
        }
    }

    private struct Member {
        var name: [UInt8]
        /// JSON texts.
        var values: [[UInt8]]
        var isArray: Bool
    }

    init(arrays: ArrayNames, limits: XMLLimits) {
        self.arrays = arrays
        self.limits = limits
    }

    /// Why the rest cannot be taken; nil where it can.
    var refusal: String? {
        if open.count > limits.maxDepth { return "elements are nested deeper than \(limits.maxDepth) levels" }
        if nodes > limits.maxNodes { return "more than \(limits.maxNodes) elements and attributes" }
        if size > limits.maxBytes { return "more than \(limits.maxBytes) bytes as JSON" }
        return nil
    }

    mutating func start(_ name: [UInt8], attributes: [(name: [UInt8], value: [UInt8])]) {
        nodes += 1 + attributes.count
        var element = OpenElement(name: name, place: arrays.entering(name, from: open.last?.place ?? arrays.root))
        for attribute in attributes {
            let value = Self.string(attribute.value)
            size += value.count
            element.append(value, name: [UInt8(ascii: "@")] + attribute.name, isItem: false)
        }
        open.append(element)
    }

    mutating func append(text: UnsafeBufferPointer<UInt8>) {
        guard !open.isEmpty else { return }
        open[open.count - 1].text.append(contentsOf: text)
    }

    mutating func end() {
        guard var element = open.popLast() else { return }
        for name in arrays.arrays(in: element.place) where element.indexes[name] == nil {
            element.indexes[name] = element.members.count
            element.members.append(Member(name: name, values: [], isArray: true))
        }
        let value = Self.value(of: element)
        // What was counted when it was a part of this one is counted once more: a bound on work, too.
        size += value.count
        if open.isEmpty {
            result = Self.object([Member(name: element.name, values: [value], isArray: element.place.isItem)])
        } else {
            open[open.count - 1].append(value, name: element.name, isItem: element.place.isItem)
        }
    }

    private static func value(of element: OpenElement) -> [UInt8] {
        guard !element.members.isEmpty else { return string(element.text) }
        guard element.text.contains(where: { !$0.isXMLWhiteSpace }) else { return object(element.members) }
        let text = Member(name: Array("#text".utf8), values: [string(element.text)], isArray: false)
        return object(element.members + [text])
    }

    private static func object(_ members: [Member]) -> [UInt8] {
        var text = [UInt8(ascii: "{")]
        text.reserveCapacity(members.reduce(2) { $0 + $1.name.count + 6 + $1.values.reduce(0) { $0 + $1.count + 1 } })
        for member in members {
            if text.count > 1 { text.append(UInt8(ascii: ",")) }
            text += string(member.name)
            text.append(UInt8(ascii: ":"))
            let isArray = member.isArray || member.values.count != 1
            if isArray { text.append(UInt8(ascii: "[")) }
            for (index, value) in member.values.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                text += value
            }
            if isArray { text.append(UInt8(ascii: "]")) }
        }
        text.append(UInt8(ascii: "}"))
        return text
    }

    /// A JSON string (RFC 8259 section 7) of text in UTF-8.
    private static func string(_ text: [UInt8]) -> [UInt8] {
        var result = [UInt8(ascii: "\"")]
        result.reserveCapacity(text.count + 2)
        JSONString.encode(text, to: &result)
        result.append(UInt8(ascii: "\""))
        return result
    }
}

extension UInt8 {
    /// XML 1.0 section 2.3, production S.
    fileprivate var isXMLWhiteSpace: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }
}
