/// A place in a document (RFC 6901).
///
/// Two pointers are equal where their bytes are: unlike in `String`, `é` and `e` with a combining accent differ.
package struct JSONPointer: Sendable, Hashable, CustomStringConvertible {
    /// The pointer as written; `""` is the whole document.
    package let text: String

    /// The reference tokens, unescaped.
    package var tokens: [String] { steps.map { String(decoding: $0.bytes, as: UTF8.self) } }

    let steps: [JSONPointerStep]

    /// Reads a pointer in its string form (RFC 6901 section 3; not the URI fragment form).
    package init(_ text: String) throws(JSONPointerError) {
        self.text = text
        self.steps = try JSONPointerStep.parse(Array(text.utf8))
    }

    init(steps: [JSONPointerStep]) {
        self.steps = steps
        var bytes: [UInt8] = []
        for step in steps {
            bytes.append(UInt8(ascii: "/"))
            JSONPointerStep.escape(step.bytes, to: &bytes)
        }
        self.text = String(decoding: bytes, as: UTF8.self)
    }

    /// ``text``.
    package var description: String { text }

    package static func == (a: JSONPointer, b: JSONPointer) -> Bool { a.steps == b.steps }

    package func hash(into hasher: inout Hasher) { hasher.combine(steps) }
}

/// Places in a document: a JSON Pointer in which a token `*` stands for any member and any index.
package struct JSONPointerPattern: Sendable, Hashable, CustomStringConvertible {
    /// The pattern as written.
    package let text: String

    /// nil is `*`.
    let steps: [JSONPointerStep?]

    /// The reference tokens, unescaped; nil is `*`.
    package var tokens: [[UInt8]?] { steps.map { $0?.bytes } }

    /// Reads a pattern. A member that is really called `*` can only be reached by the wildcard.
    package init(_ text: String) throws(JSONPointerError) {
        self.text = text
        self.steps = try JSONPointerStep.parse(Array(text.utf8)).map { $0.bytes == [UInt8(ascii: "*")] ? nil : $0 }
    }

    /// ``text``.
    package var description: String { text }

    package static func == (a: JSONPointerPattern, b: JSONPointerPattern) -> Bool { a.steps == b.steps }

    package func hash(into hasher: inout Hasher) { hasher.combine(steps) }
}

/// Why a text is no JSON Pointer.
package struct JSONPointerError: Error, CustomStringConvertible, Equatable {
    /// The text.
    package let text: String

    /// What is wrong with it.
    package let reason: String

    /// `"a/b" is not a JSON Pointer: it must be empty or begin with /`
    package var description: String { "\"\(text)\" is not a JSON Pointer: \(reason)" }
}

/// One reference token, unescaped, with the array index that it is, if it is one.
struct JSONPointerStep: Sendable, Hashable {
    let bytes: [UInt8]
    let index: Int?

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        self.index = Self.index(bytes)
    }

    init(_ index: Int) {
        self.bytes = Array(String(index).utf8)
        self.index = index
    }

    /// RFC 6901 section 4: `0`, or digits without a leading zero.
    private static func index(_ bytes: [UInt8]) -> Int? {
        guard let first = bytes.first, bytes.count <= 10, first != UInt8(ascii: "0") || bytes.count == 1 else {
            return nil
        }
        var value = 0
        for byte in bytes {
            guard byte &- UInt8(ascii: "0") <= 9 else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return value
    }

    static func parse(_ text: [UInt8]) throws(JSONPointerError) -> [JSONPointerStep] {
        guard let first = text.first else { return [] }
        guard first == UInt8(ascii: "/") else {
            throw error(text, "it must be empty or begin with /")
        }
        var steps: [JSONPointerStep] = []
        var token: [UInt8] = []
        var at = 1
        while at < text.count {
            switch text[at] {
            case UInt8(ascii: "/"):
                steps.append(JSONPointerStep(token))
                token = []
            case UInt8(ascii: "~"):
                at += 1
                guard at < text.count, text[at] == UInt8(ascii: "0") || text[at] == UInt8(ascii: "1") else {
                    throw error(text, "~ must be written ~0, and / inside a name ~1")
                }
                token.append(text[at] == UInt8(ascii: "0") ? UInt8(ascii: "~") : UInt8(ascii: "/"))
            default:
                token.append(text[at])
            }
            at += 1
        }
        steps.append(JSONPointerStep(token))
        return steps
    }

    static func escape(_ token: some Sequence<UInt8>, to output: inout [UInt8]) {
        for byte in token {
            switch byte {
            case UInt8(ascii: "~"): output.append(contentsOf: "~0".utf8)
            case UInt8(ascii: "/"): output.append(contentsOf: "~1".utf8)
            default: output.append(byte)
            }
        }
    }

    private static func error(_ text: [UInt8], _ reason: String) -> JSONPointerError {
        JSONPointerError(text: String(decoding: text, as: UTF8.self), reason: reason)
    }
}
