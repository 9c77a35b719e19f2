import NIOCore

/// Writes one event of a `text/event-stream` (WHATWG HTML section 9.2.5).
package struct EventStreamEncoder {
    private var bytes = ByteBuffer()

    /// - Parameters:
    ///   - name: the event's type; nil for the default, `message`.
    ///   - id: becomes the `Last-Event-ID` of a reconnecting client; nil leaves it as it was.
    package init(name: String?, id: String?) {
        if let name { bytes.writeString("event: \(name)\n") }
        if let id { bytes.writeString("id: \(id)\n") }
    }

    /// Adds a line of data that is known to contain no line break, such as JSON without insignificant white space.
    package mutating func write(line: [UInt8]) {
        bytes.writeStaticString("data: ")
        bytes.writeBytes(line)
        bytes.writeStaticString("\n")
    }

    /// Adds text of any number of lines, ended by LF, CR or CRLF; the receiver sees LF.
    package mutating func write(lines text: [UInt8]) {
        var lineStart = text.startIndex
        var position = text.startIndex
        while position < text.endIndex {
            let byte = text[position]
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                write(line: Array(text[lineStart..<position]))
                if byte == UInt8(ascii: "\r"), position + 1 < text.endIndex, text[position + 1] == UInt8(ascii: "\n") {
                    position += 1
                }
                lineStart = position + 1
            }
            position += 1
        }
        write(line: Array(text[lineStart...]))
    }

    /// The event, with the empty line that dispatches it.
    package consuming func finished() -> ByteBuffer {
        bytes.writeStaticString("\n")
        return bytes
    }
}
