/// The one pass over a text: checks it against RFC 8259, builds the index, and leaves white space out.
///
/// It does not recurse: an open container keeps the one around it in its own node's `next`, so a hostile nesting costs
/// nothing but the depth counter.
struct JSONScanner {
    private let input: UnsafeBufferPointer<UInt8>
    private let maxDepth: Int
    private var position = 0
    /// White space left out so far: a byte at `position` goes to `position - removed` of the minified text.
    private var removed = 0
    /// Input before this place has been copied to `minified`.
    private var copied = 0
    private var minified: [UInt8] = []
    private var nodes = ContiguousArray<JSONNode>()

    /// The index of a text, and the text without white space, or nil where it had none to begin with.
    struct Result {
        var nodes: ContiguousArray<JSONNode>
        var minified: [UInt8]?
    }

    static func scan(_ input: UnsafeBufferPointer<UInt8>, limits: JSONLimits) throws(ScanFailure) -> Result {
        guard input.count <= limits.effectiveBytes else {
            throw ScanFailure(offset: limits.effectiveBytes, reason: .tooLarge)
        }
        var scanner = JSONScanner(input: input, maxDepth: limits.effectiveDepth)
        try scanner.scanDocument()
        return scanner.finish()
    }

    private init(input: UnsafeBufferPointer<UInt8>, maxDepth: Int) {
        self.input = input
        self.maxDepth = maxDepth
        // Measured on the recorded feeds: one value in 8 to 40 bytes. Growing is cheap, an oversized index is kept.
        nodes.reserveCapacity(input.count / 24 + 4)
    }

    private mutating func scanDocument() throws(ScanFailure) {
        skipByteOrderMark()
        var open = JSONNode.none
        var openIsObject = false
        var depth = 0
        var name = JSONNode.NameText.none

        values: while true {
            skipWhiteSpace()
            guard position < input.count else { throw failure(.unexpectedEnd) }
            switch input[position] {
            case UInt8(ascii: "\""):
                let start = position
                let hasEscapes = try scanString()
                append(.string, from: start, hasEscapes: hasEscapes, name: name)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                let isObject = input[position] == UInt8(ascii: "{")
                depth += 1
                guard depth <= maxDepth else { throw failure(.tooDeep) }
                nodes.append(
                    JSONNode(
                        kind: isObject ? .object : .array,
                        offset: position - removed,
                        length: 0,
                        next: open,
                        hasEscapes: false,
                        name: name
                    )
                )
                open = UInt32(truncatingIfNeeded: nodes.count - 1)
                openIsObject = isObject
                position += 1
                skipWhiteSpace()
                guard position < input.count else { throw failure(.unexpectedEnd) }
                // `[` is 0x5B and `]` 0x5D, `{` is 0x7B and `}` 0x7D.
                if input[position] != (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                    name = isObject ? try scanName() : .none
                    continue values
                }
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                let start = position
                try scanNumber()
                append(.number, from: start, hasEscapes: false, name: name)
            case UInt8(ascii: "t"):
                try scanLiteral("true", .true, name)
            case UInt8(ascii: "f"):
                try scanLiteral("false", .false, name)
            case UInt8(ascii: "n"):
                try scanLiteral("null", .null, name)
            default:
                throw failure(.unexpectedByte)
            }

            // A value is complete, or the container just opened is empty and `position` is at its closing bracket.
            while true {
                skipWhiteSpace()
                guard open != JSONNode.none else {
                    guard position == input.count else { throw failure(.trailingBytes) }
                    return
                }
                guard position < input.count else { throw failure(.unexpectedEnd) }
                let byte = input[position]
                if byte == UInt8(ascii: ",") {
                    position += 1
                    if openIsObject {
                        skipWhiteSpace()
                        name = try scanName()
                    } else {
                        name = .none
                    }
                    continue values
                }
                guard byte == (openIsObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                    throw failure(openIsObject ? .expectedCommaOrBrace : .expectedCommaOrBracket)
                }
                position += 1
                depth -= 1
                open = close(Int(open))
                openIsObject = open != JSONNode.none && nodes[Int(open)].kind == .object
            }
        }
    }

    /// Completes a container's node and names the container around it.
    private mutating func close(_ container: Int) -> UInt32 {
        let outer = nodes[container].next
        nodes[container].length = UInt32(truncatingIfNeeded: position - removed) - nodes[container].offset
        nodes[container].next = UInt32(truncatingIfNeeded: nodes.count)
        return outer
    }

    @inline(__always)
    private mutating func append(_ kind: JSONKind, from start: Int, hasEscapes: Bool, name: JSONNode.NameText) {
        nodes.append(
            JSONNode(
                kind: kind,
                offset: start - removed,
                length: position - start,
                next: UInt32(truncatingIfNeeded: nodes.count + 1),
                hasEscapes: hasEscapes,
                name: name
            )
        )
    }

    /// A member's name and the colon after it.
    private mutating func scanName() throws(ScanFailure) -> JSONNode.NameText {
        guard position < input.count else { throw failure(.unexpectedEnd) }
        guard input[position] == UInt8(ascii: "\"") else { throw failure(.expectedName) }
        let start = position
        let hasEscapes = try scanString()
        let length = position - start
        guard length <= JSONNode.longestName else { throw ScanFailure(offset: start, reason: .nameTooLong) }
        skipWhiteSpace()
        guard position < input.count else { throw failure(.unexpectedEnd) }
        guard input[position] == UInt8(ascii: ":") else { throw failure(.expectedColon) }
        position += 1
        return JSONNode.NameText(length: length, hasEscapes: hasEscapes)
    }

    private mutating func scanLiteral(
        _ text: StaticString,
        _ kind: JSONKind,
        _ name: JSONNode.NameText
    ) throws(ScanFailure) {
        let start = position
        for index in 0..<text.utf8CodeUnitCount {
            guard position < input.count else { throw failure(.unexpectedEnd) }
            guard input[position] == text.utf8Start[index] else { throw failure(.unexpectedByte) }
            position += 1
        }
        append(kind, from: start, hasEscapes: false, name: name)
    }

    private mutating func scanNumber() throws(ScanFailure) {
        if input[position] == UInt8(ascii: "-") { position += 1 }
        if position < input.count, input[position] == UInt8(ascii: "0") {
            position += 1
        } else {
            try scanDigits()
        }
        if position < input.count, input[position] == UInt8(ascii: ".") {
            position += 1
            try scanDigits()
        }
        if position < input.count, input[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < input.count, input[position] == UInt8(ascii: "+") || input[position] == UInt8(ascii: "-") {
                position += 1
            }
            try scanDigits()
        }
    }

    /// One digit or more.
    @inline(__always)
    private mutating func scanDigits() throws(ScanFailure) {
        let start = position
        while position < input.count, input[position] &- UInt8(ascii: "0") <= 9 { position += 1 }
        guard position > start else {
            throw failure(position < input.count ? .invalidNumber : .unexpectedEnd)
        }
    }

    /// RFC 8259 section 8.1 lets a parser pass over a byte order mark; legacy endpoints do send it.
    private mutating func skipByteOrderMark() {
        guard input.count >= 3, input[0] == 0xEF, input[1] == 0xBB, input[2] == 0xBF else { return }
        position = 3
        copied = 3
        removed = 3
    }

    @inline(__always)
    private mutating func skipWhiteSpace() {
        if position < input.count, input[position] <= UInt8(ascii: " ") { removeWhiteSpace() }
    }

    @inline(never)
    private mutating func removeWhiteSpace() {
        let start = position
        while position < input.count {
            switch input[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): position += 1
            default:
                copy(upTo: start)
                return
            }
        }
        copy(upTo: start)
    }

    private mutating func copy(upTo start: Int) {
        guard position > start else { return }
        if minified.isEmpty { minified.reserveCapacity(input.count) }
        minified.append(contentsOf: UnsafeBufferPointer(rebasing: input[copied..<start]))
        removed += position - start
        copied = position
    }

    private consuming func finish() -> Result {
        // Slack would be kept as long as the document is: an indented text can be twice its minified form, and an
        // index that had to grow is up to twice as large as it needs to be.
        if nodes.capacity > nodes.count + nodes.count / 8 {
            nodes = ContiguousArray(unsafeUninitializedCapacity: nodes.count) { buffer, count in
                count = buffer.initialize(fromContentsOf: nodes)
            }
        }
        guard removed > 0 else { return Result(nodes: nodes, minified: nil) }
        minified.append(contentsOf: UnsafeBufferPointer(rebasing: input[copied...]))
        if minified.capacity > minified.count + minified.count / 8 {
            minified = Array(unsafeUninitializedCapacity: minified.count) { buffer, count in
                count = buffer.initialize(fromContentsOf: minified)
            }
        }
        return Result(nodes: nodes, minified: minified)
    }

    @inline(__always)
    private func failure(_ reason: ScanFailure.Reason) -> ScanFailure {
        ScanFailure(offset: min(position, input.count), reason: reason)
    }

    // MARK: Strings

    /// A string from its opening quote past its closing one; true where it holds escapes.
    @inline(__always)
    private mutating func scanString() throws(ScanFailure) -> Bool {
        let raw = UnsafeRawBufferPointer(input)
        var at = position + 1
        var hasEscapes = false
        while true {
            // Eight bytes at a time over plain ASCII; `at + 8 <= count` keeps the load inside the buffer.
            while at + 8 <= raw.count {
                let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: at, as: UInt64.self))
                let special = Self.specialBytes(word)
                if special != 0 {
                    at += special.trailingZeroBitCount >> 3
                    break
                }
                at += 8
            }
            guard at < raw.count else { throw ScanFailure(offset: raw.count, reason: .unterminatedString) }
            let byte = raw[at]
            if byte == UInt8(ascii: "\"") {
                position = at + 1
                return hasEscapes
            } else if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                at = try Self.skipEscape(raw, at)
            } else if byte < 0x20 {
                throw ScanFailure(offset: at, reason: .controlCharacter)
            } else if byte >= 0x80 {
                at = try Self.skipNonASCII(raw, at)
            } else {
                at += 1
            }
        }
    }

    /// The high bit of each byte that is a quote, a backslash, a control character or not ASCII.
    ///
    /// A subtraction's borrow can mark bytes above the first marked one, never one below it, and only the first is used.
    @inline(__always)
    private static func specialBytes(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        let control = (word &- ones &* 0x20) & ~word
        return (((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | control | word) & highs
    }

    /// RFC 8259 section 7. Lone surrogates pass: the text is kept as written, and what it means is the reader's affair.
    private static func skipEscape(_ raw: UnsafeRawBufferPointer, _ start: Int) throws(ScanFailure) -> Int {
        guard start + 1 < raw.count else { throw ScanFailure(offset: raw.count, reason: .unterminatedString) }
        switch raw[start + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return start + 2
        case UInt8(ascii: "u"):
            for at in start + 2..<start + 6 {
                guard at < raw.count else { throw ScanFailure(offset: raw.count, reason: .unterminatedString) }
                guard JSONString.hexDigit(raw[at]) != nil else {
                    throw ScanFailure(offset: at, reason: .invalidEscape)
                }
            }
            return start + 6
        default:
            throw ScanFailure(offset: start, reason: .invalidEscape)
        }
    }

    /// A run of non-ASCII characters, each well formed as in table 3-7 of the Unicode standard (RFC 3629).
    private static func skipNonASCII(_ raw: UnsafeRawBufferPointer, _ start: Int) throws(ScanFailure) -> Int {
        var at = start
        while at < raw.count, raw[at] >= 0x80 {
            let lead = raw[at]
            let length: Int
            var second: ClosedRange<UInt8> = 0x80...0xBF
            switch lead {
            case 0xC2...0xDF: length = 2
            case 0xE0:
                length = 3
                second = 0xA0...0xBF
            case 0xED:
                length = 3
                second = 0x80...0x9F
            case 0xE1...0xEF: length = 3
            case 0xF0:
                length = 4
                second = 0x90...0xBF
            case 0xF1...0xF3: length = 4
            case 0xF4:
                length = 4
                second = 0x80...0x8F
            default: throw ScanFailure(offset: at, reason: .invalidUTF8)
            }
            guard at + length <= raw.count, second.contains(raw[at + 1]) else {
                throw ScanFailure(offset: at, reason: .invalidUTF8)
            }
            for index in at + 2..<at + max(length, 2) where raw[index] & 0xC0 != 0x80 {
                throw ScanFailure(offset: at, reason: .invalidUTF8)
            }
            at += length
        }
        return at
    }
}
