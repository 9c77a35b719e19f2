import NIOCore

extension ByteBuffer {
    /// Writes a JSON string (RFC 8259 section 7), quotes included. Only what must be escaped is.
    package mutating func writeJSONString(_ text: String) {
        var text = text
        text.withUTF8 { writeJSONString(utf8: $0) }
    }

    /// The same for bytes that are known to be UTF-8.
    package mutating func writeJSONString(utf8 bytes: some Collection<UInt8>) {
        reserveCapacity(minimumWritableBytes: bytes.count + 2)
        writeInteger(UInt8(ascii: "\""))
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""): writeStaticString(#"\""#)
            case UInt8(ascii: "\\"): writeStaticString(#"\\"#)
            case UInt8(ascii: "\n"): writeStaticString(#"\n"#)
            case UInt8(ascii: "\r"): writeStaticString(#"\r"#)
            case UInt8(ascii: "\t"): writeStaticString(#"\t"#)
            case 0..<0x20:
                let hex = String(byte, radix: 16)
                writeString(#"\u"# + String(repeating: "0", count: 4 - hex.count) + hex)
            default: writeInteger(byte)
            }
        }
        writeInteger(UInt8(ascii: "\""))
    }
}
