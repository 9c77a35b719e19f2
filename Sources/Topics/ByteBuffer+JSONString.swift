import JSONDelta
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
        if JSONString.isPlain(bytes) {
            writeBytes(bytes)
        } else {
            var escaped: [UInt8] = []
            escaped.reserveCapacity(bytes.count + bytes.count / 8)
            JSONString.encode(bytes, to: &escaped)
            writeBytes(escaped)
        }
        writeInteger(UInt8(ascii: "\""))
    }
}
