/// The text of a JSON string, between its quotes: from escapes to bytes and back.
package enum JSONString {
    /// What an escaped text says.
    struct Decoded {
        /// UTF-8; a lone surrogate stands as the three bytes that UTF-8 would give it if it could (WTF-8), so that
        /// two texts decode alike exactly where they say the same.
        var bytes: [UInt8]
        /// True where a lone surrogate occurs: no pointer can name such a text.
        var hasLoneSurrogate: Bool
    }

    /// Decodes a text that the scanner has accepted.
    static func decode(_ text: UnsafeBufferPointer<UInt8>) -> Decoded {
        var result = Decoded(bytes: [], hasLoneSurrogate: false)
        result.bytes.reserveCapacity(text.count)
        var at = 0
        while at < text.count {
            let byte = text[at]
            // The scanner let no escape end early, so the bytes after a backslash are there.
            guard byte == UInt8(ascii: "\\") else {
                result.bytes.append(byte)
                at += 1
                continue
            }
            let escape = text[at + 1]
            guard escape == UInt8(ascii: "u") else {
                result.bytes.append(unescaped(escape))
                at += 2
                continue
            }
            var code = codeUnit(text, at + 2)
            at += 6
            if code & 0xFC00 == 0xD800, at + 6 <= text.count, text[at] == UInt8(ascii: "\\"),
                text[at + 1] == UInt8(ascii: "u")
            {
                let low = codeUnit(text, at + 2)
                if low & 0xFC00 == 0xDC00 {
                    code = 0x10000 + (code & 0x3FF) << 10 + (low & 0x3FF)
                    at += 6
                }
            }
            if code & 0xFFFF_F800 == 0xD800 { result.hasLoneSurrogate = true }
            append(code, to: &result.bytes)
        }
        return result
    }

    /// Appends the one way this package writes a text in UTF-8: only what must be escaped is (RFC 8259 section 7).
    package static func encode(_ text: some Sequence<UInt8>, to output: inout [UInt8]) {
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                output.append(UInt8(ascii: "\\"))
                output.append(byte)
            case 0x08: output.append(contentsOf: "\\b".utf8)
            case 0x09: output.append(contentsOf: "\\t".utf8)
            case 0x0A: output.append(contentsOf: "\\n".utf8)
            case 0x0C: output.append(contentsOf: "\\f".utf8)
            case 0x0D: output.append(contentsOf: "\\r".utf8)
            case 0x00..<0x20:
                output.append(contentsOf: "\\u00".utf8)
                output.append(UInt8(ascii: "0") + byte >> 4)
                let low = byte & 15
                output.append(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
            default: output.append(byte)
            }
        }
    }

    /// Whether ``encode(_:to:)`` would write the text as it is.
    package static func isPlain(_ text: some Sequence<UInt8>) -> Bool {
        text.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }

    static func hexDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(byte - UInt8(ascii: "a") + 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(byte - UInt8(ascii: "A") + 10)
        default: nil
        }
    }

    private static func codeUnit(_ text: UnsafeBufferPointer<UInt8>, _ start: Int) -> UInt32 {
        var code: UInt32 = 0
        for at in start..<start + 4 { code = code << 4 | (hexDigit(text[at]) ?? 0) }
        return code
    }

    private static func unescaped(_ escape: UInt8) -> UInt8 {
        switch escape {
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "t"): 0x09
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "r"): 0x0D
        default: escape
        }
    }

    private static func append(_ code: UInt32, to bytes: inout [UInt8]) {
        func trail(_ shift: UInt32) -> UInt8 { UInt8(0x80 | (code >> shift & 0x3F)) }
        switch code {
        case ..<0x80: bytes.append(UInt8(code))
        case ..<0x800: bytes += [UInt8(0xC0 | code >> 6), trail(0)]
        case ..<0x10000: bytes += [UInt8(0xE0 | code >> 12), trail(6), trail(0)]
        default: bytes += [UInt8(0xF0 | code >> 18), trail(12), trail(6), trail(0)]
        }
    }
}
