import Foundation

/// What a client sends with HTTP Basic authentication (RFC 7617).
package struct BasicCredentials: Sendable, Equatable {
    /// Without colons and control characters.
    package let user: String
    package let password: String

    /// The value of an `Authorization` header; nil where it is no well-formed Basic one, in UTF-8, of at most 4 KiB.
    package init?(authorization: String) {
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard authorization.utf8.count <= 4096, parts.count == 2, parts[0].lowercased() == "basic",
            let bytes = Data(base64Encoded: parts[1].trimmingCharacters(in: .whitespaces)),
            let text = String(validating: bytes, as: UTF8.self), let colon = text.firstIndex(of: ":"),
            // RFC 7617 section 2: neither may hold control characters.
            text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else { return nil }
        user = String(text[..<colon])
        password = String(text[text.index(after: colon)...])
    }
}
