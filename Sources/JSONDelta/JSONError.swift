/// Why a text is not JSON (RFC 8259), and where.
package struct JSONError: Error, CustomStringConvertible, Equatable {
    /// The byte at which the text stops being JSON, from 0; the text's length where it ends too early.
    package let offset: Int

    /// The line of that byte, from 1.
    package let line: Int

    /// The column of that byte, from 1, in characters (Unicode scalars).
    package let column: Int

    /// What is wrong there, as a phrase without an end mark.
    package let reason: String

    /// `line 3, column 14 (byte 57): a member name was expected`
    package var description: String {
        "line \(line), column \(column) (byte \(offset)): \(reason)"
    }

    /// Line and column are only worked out for a text that failed: the scanner itself counts neither.
    init(_ failure: ScanFailure, in text: UnsafeBufferPointer<UInt8>) {
        var line = 1
        var column = 1
        for byte in text.prefix(failure.offset) {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        self.offset = failure.offset
        self.line = line
        self.column = column
        self.reason = failure.reason.rawValue
    }
}

/// A refusal in the scanner's own terms, small enough to be thrown from its hot loop.
struct ScanFailure: Error {
    var offset: Int
    var reason: Reason

    enum Reason: String {
        case tooLarge = "the text is larger than the limit"
        case tooDeep = "arrays and objects are nested deeper than the limit"
        case unexpectedEnd = "the text ends inside a value"
        case unexpectedByte = "a value was expected"
        case expectedName = "a member name was expected"
        case expectedColon = "a colon was expected after the member name"
        case expectedCommaOrBracket = "a comma or ] was expected"
        case expectedCommaOrBrace = "a comma or } was expected"
        case trailingBytes = "nothing but white space may follow the value"
        case unterminatedString = "the string is not closed"
        case controlCharacter = "a control character in a string must be escaped"
        case invalidEscape = "the escape sequence is not one of JSON's"
        case invalidUTF8 = "the text is not valid UTF-8"
        case invalidNumber = "the number is not written as JSON wants it"
        case nameTooLong = "a member name is longer than 64 MiB"
    }
}
