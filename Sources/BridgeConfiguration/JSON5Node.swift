/// A JSON5 value with its place in the text.
struct JSON5Node: Equatable {
    enum Value: Equatable {
        case null
        case boolean(Bool)
        /// The number, and its text as it was written.
        case number(Double, text: String)
        case string(String)
        case array([JSON5Node])
        /// In the order of the text; a key may stand more than once.
        case object([Member])
    }

    struct Member: Equatable {
        let key: String
        /// Line of the key, from 1.
        let line: Int
        let value: JSON5Node
    }

    let value: Value
    /// Line of the value's first character, from 1.
    let line: Int
}

extension JSON5Node {
    /// What the value is, for a message: `number 5`, `string "x"`, `a list`.
    var found: String {
        switch value {
        case .null: "null"
        case .boolean(let value): "\(value)"
        case .number(_, let text): "number \(text)"
        case .string(let text): "string \(quoted(text))"
        case .array: "a list"
        case .object: "an object"
        }
    }
}
