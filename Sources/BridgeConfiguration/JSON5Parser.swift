/// JSON5 (spec.json5.org) to a tree that knows its lines.
///
/// Foundation reads JSON5 too, but keeps neither positions nor duplicate keys, and both are needed to tell a person
/// where the mistake is. Two things of JSON5 are refused: NUL in a string (no value of ours may hold one), and
/// escapes in unquoted keys.
struct JSON5Parser {
    /// Deeper nesting is an error, so that no input can exhaust the stack.
    static let maximumDepth = 64

    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var line = 1
    private var lineStart = 0
    private var depth = 0

    /// Parses one document; throws the first syntax error, with line and column.
    static func parse(_ text: String) throws(ConfigurationError) -> JSON5Node {
        var parser = JSON5Parser(text)
        try parser.skipSpace()
        let node = try parser.value()
        try parser.skipSpace()
        if let next = parser.peek { throw parser.error("expected the end of the file, found \(show(next))") }
        return node
    }

    private init(_ text: String) {
        scalars = Array(text.unicodeScalars)
    }

    // MARK: Characters

    private var peek: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private func peek(after offset: Int) -> Unicode.Scalar? {
        position + offset < scalars.count ? scalars[position + offset] : nil
    }

    private mutating func advance() {
        let scalar = scalars[position]
        position += 1
        // CRLF is one line end: it is counted at the LF.
        if scalar == "\n" || (scalar == "\r" && peek != "\n") {
            line += 1
            lineStart = position
        }
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == scalar else { return false }
        advance()
        return true
    }

    private func error(_ message: String, hint: String? = nil) -> ConfigurationError {
        ConfigurationError(
            path: "",
            message: message,
            hint: hint,
            line: line,
            column: position - lineStart + 1
        )
    }

    private func unexpected(_ expected: String) -> ConfigurationError {
        error("expected \(expected), found \(peek.map(Self.show) ?? "the end of the file")")
    }

    private static func show(_ scalar: Unicode.Scalar) -> String {
        scalar.properties.isWhitespace || scalar.value < 0x20 || scalar.value == 0x7F
            ? "U+" + hexadecimal(scalar.value) : quoted(String(Character(scalar)))
    }

    private static func hexadecimal(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    private mutating func skipSpace() throws(ConfigurationError) {
        while let scalar = peek {
            if scalar == "/" {
                try skipComment()
            } else if scalar.properties.isWhitespace || scalar == "\u{FEFF}" {
                advance()
            } else {
                return
            }
        }
    }

    private mutating func skipComment() throws(ConfigurationError) {
        switch peek(after: 1) {
        case "/":
            while let scalar = peek, scalar != "\n", scalar != "\r" { advance() }
        case "*":
            let unclosed = error("this comment is never closed", hint: "close it with */")
            advance()
            advance()
            while !(peek == "*" && peek(after: 1) == "/") {
                guard peek != nil else { throw unclosed }
                advance()
            }
            advance()
            advance()
        default: throw unexpected("a value or a comment")
        }
    }

    // MARK: Values

    private mutating func value() throws(ConfigurationError) -> JSON5Node {
        let start = line
        guard let scalar = peek else { throw unexpected("a value") }
        switch scalar {
        case "{": return JSON5Node(value: .object(try nested(Self.members)), line: start)
        case "[": return JSON5Node(value: .array(try nested(Self.items)), line: start)
        case "\"", "'": return JSON5Node(value: .string(try string()), line: start)
        case "0"..."9", "+", "-", ".": return JSON5Node(value: try number(), line: start)
        default:
            let opening = self
            guard Self.startsIdentifier(scalar) else { throw unexpected("a value") }
            switch identifier() {
            case "true": return JSON5Node(value: .boolean(true), line: start)
            case "false": return JSON5Node(value: .boolean(false), line: start)
            case "null": return JSON5Node(value: .null, line: start)
            case "Infinity": return JSON5Node(value: .number(.infinity, text: "Infinity"), line: start)
            case "NaN": return JSON5Node(value: .number(.nan, text: "NaN"), line: start)
            case let word:
                throw opening.error("expected a value, found \(quoted(word))", hint: "a string needs quotes")
            }
        }
    }

    private mutating func nested<Content>(
        _ content: (inout JSON5Parser) throws(ConfigurationError) -> Content
    ) throws(ConfigurationError) -> Content {
        guard depth < Self.maximumDepth else { throw error("nested more than \(Self.maximumDepth) levels deep") }
        depth += 1
        advance()
        let result = try content(&self)
        depth -= 1
        return result
    }

    private static func members(_ parser: inout JSON5Parser) throws(ConfigurationError) -> [JSON5Node.Member] {
        var members: [JSON5Node.Member] = []
        while true {
            try parser.skipSpace()
            if parser.take("}") { return members }
            let line = parser.line
            let key = try parser.key()
            try parser.skipSpace()
            guard parser.take(":") else { throw parser.unexpected("\":\" after the key \(quoted(key))") }
            try parser.skipSpace()
            members.append(JSON5Node.Member(key: key, line: line, value: try parser.value()))
            try parser.skipSpace()
            if parser.peek != "}", !parser.take(",") { throw parser.unexpected("\",\" or \"}\"") }
        }
    }

    private static func items(_ parser: inout JSON5Parser) throws(ConfigurationError) -> [JSON5Node] {
        var items: [JSON5Node] = []
        while true {
            try parser.skipSpace()
            if parser.take("]") { return items }
            items.append(try parser.value())
            try parser.skipSpace()
            if parser.peek != "]", !parser.take(",") { throw parser.unexpected("\",\" or \"]\"") }
        }
    }

    private mutating func key() throws(ConfigurationError) -> String {
        guard let scalar = peek else { throw unexpected("a key or \"}\"") }
        if scalar == "\"" || scalar == "'" { return try string() }
        guard Self.startsIdentifier(scalar) else { throw unexpected("a key or \"}\"") }
        return identifier()
    }

    private static func startsIdentifier(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "$" || scalar == "_" || scalar.properties.isIDStart
    }

    private mutating func identifier() -> String {
        let start = position
        while let scalar = peek,
            Self.startsIdentifier(scalar) || scalar.properties.isIDContinue || scalar == "\u{200C}"
                || scalar == "\u{200D}"
        {
            advance()
        }
        return String(String.UnicodeScalarView(scalars[start..<position]))
    }

    // MARK: Numbers

    private mutating func number() throws(ConfigurationError) -> JSON5Node.Value {
        let opening = self
        let start = position
        let negative = peek == "-"
        if negative || peek == "+" { advance() }
        var magnitude: Double?
        if peek == "I" || peek == "N" {
            let word = identifier()
            magnitude = word == "Infinity" ? .infinity : word == "NaN" ? .nan : nil
        } else if peek == "0", peek(after: 1) == "x" || peek(after: 1) == "X" {
            advance()
            advance()
            let digits = takeDigits(hexadecimal: true)
            magnitude = digits.isEmpty ? nil : Double("0x" + digits)
        } else {
            magnitude = decimal()
        }
        // A number that runs into a letter or another dot was meant to be something else: 5s, 1.2.3, 012.
        guard let magnitude,
            !(peek.map { Self.startsIdentifier($0) || $0.properties.isIDContinue || $0 == "." } ?? false)
        else {
            while let scalar = peek, scalar.properties.isIDContinue || scalar == "." { advance() }
            let text = String(String.UnicodeScalarView(scalars[start..<position]))
            throw opening.error("\(quoted(text)) is not a number", hint: "a string needs quotes")
        }
        let text = String(String.UnicodeScalarView(scalars[start..<position]))
        return .number(negative ? -magnitude : magnitude, text: text)
    }

    private mutating func decimal() -> Double? {
        let whole = takeDigits(hexadecimal: false)
        if whole.count > 1, whole.hasPrefix("0") { return nil }
        var fraction = ""
        if take(".") { fraction = takeDigits(hexadecimal: false) }
        if whole.isEmpty, fraction.isEmpty { return nil }
        var exponent = ""
        if peek == "e" || peek == "E" {
            advance()
            exponent = "e"
            if peek == "-" || peek == "+" {
                exponent += peek == "-" ? "-" : ""
                advance()
            }
            let digits = takeDigits(hexadecimal: false)
            if digits.isEmpty { return nil }
            exponent += digits
        }
        return Double("\(whole.isEmpty ? "0" : whole).\(fraction.isEmpty ? "0" : fraction)\(exponent)")
    }

    private mutating func takeDigits(hexadecimal: Bool) -> String {
        let start = position
        while let scalar = peek, hexadecimal ? Self.hexadecimalDigit(scalar) != nil : ("0"..."9").contains(scalar) {
            advance()
        }
        return String(String.UnicodeScalarView(scalars[start..<position]))
    }

    private static func hexadecimalDigit(_ scalar: Unicode.Scalar) -> UInt32? {
        scalar.isASCII ? Character(scalar).hexDigitValue.map(UInt32.init) : nil
    }

    // MARK: Strings

    private mutating func string() throws(ConfigurationError) -> String {
        let unclosed = error("this string is not closed on its line")
        guard let quote = peek else { throw unexpected("a string") }
        advance()
        var text = String.UnicodeScalarView()
        while let scalar = peek {
            switch scalar {
            case quote:
                advance()
                return String(text)
            case "\n", "\r": throw unclosed
            case "\0": throw error("NUL is not allowed")
            case "\\": try escape(into: &text)
            default:
                text.append(scalar)
                advance()
            }
        }
        throw unclosed
    }

    private mutating func escape(into text: inout String.UnicodeScalarView) throws(ConfigurationError) {
        let opening = self
        advance()
        guard let scalar = peek else { throw opening.error("this escape is cut off") }
        advance()
        switch scalar {
        case "b": text.append("\u{8}")
        case "f": text.append("\u{C}")
        case "n": text.append("\n")
        case "r": text.append("\r")
        case "t": text.append("\t")
        case "v": text.append("\u{B}")
        case "\n", "\u{2028}", "\u{2029}": break
        case "\r": _ = take("\n")
        case "0"..."9": throw opening.error("NUL and octal escapes are not allowed")
        case "x": text.append(try escapedScalar(digits: 2, opening: opening))
        case "u": text.append(try escapedScalar(digits: 4, opening: opening))
        default: text.append(scalar)
        }
    }

    private mutating func escapedScalar(
        digits: Int,
        opening: JSON5Parser
    ) throws(ConfigurationError) -> Unicode.Scalar {
        var code = try codeUnit(digits: digits, opening: opening)
        if (0xD800..<0xDC00).contains(code), peek == "\\", peek(after: 1) == "u" {
            advance()
            advance()
            let low = try codeUnit(digits: 4, opening: opening)
            guard (0xDC00..<0xE000).contains(low) else {
                throw opening.error("the first half of a surrogate pair stands alone")
            }
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw opening.error("half of a surrogate pair stands alone") }
        if code == 0 { throw opening.error("NUL is not allowed") }
        return scalar
    }

    private mutating func codeUnit(digits: Int, opening: JSON5Parser) throws(ConfigurationError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<digits {
            guard let digit = peek.flatMap(Self.hexadecimalDigit) else {
                throw opening.error("this escape needs \(digits) hexadecimal digits")
            }
            code = code << 4 | digit
            advance()
        }
        return code
    }
}
