/// JSON Pointers (RFC 6901) as text. `*` is an ordinary token here; what it matches is the receiver's to say.
enum JSONPointerText {
    static func parse(_ text: String) throws(Mistake) -> String {
        if !text.isEmpty, !text.hasPrefix("/") {
            throw Mistake("a JSON Pointer begins with \"/\"", hint: "write \(quoted("/" + text))")
        }
        var bytes = text.utf8[...]
        while let byte = bytes.popFirst() {
            if byte == 0x7E, bytes.first != 0x30, bytes.first != 0x31 {
                throw Mistake("\"~\" in a JSON Pointer is written \"~0\"", hint: "and \"/\" in a name is \"~1\"")
            }
        }
        return text
    }

    /// A pointer to something in the document, not the document itself.
    static func member(_ text: String) throws(Mistake) -> String {
        if text.isEmpty { throw Mistake("an empty JSON Pointer is the whole document") }
        return try parse(text)
    }
}
