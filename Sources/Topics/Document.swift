import JSONDelta

/// One version of a topic's content, as it is delivered: immutable, shared by every event loop.
package final class Document: Sendable {
    /// How the content is carried in messages.
    package enum Content: Sendable {
        /// JSON, indexed; its bytes are the delivered form without insignificant white space.
        case json(JSONDocument)
        /// Text in UTF-8.
        case text([UInt8])
        /// Anything else.
        case binary([UInt8])
    }

    /// Made of the content alone.
    package let id: VersionID
    /// As it is delivered.
    package let content: Content
    /// The upstream's `Content-Type`, or what the content was found to be where it named none.
    package let contentType: String

    /// - Parameter id: the version, where it is known already; nil: it is made from the bytes.
    package init(content: Content, contentType: String, id: VersionID? = nil) {
        self.content = content
        self.contentType = contentType
        self.id = id ?? VersionID(of: content.bytes)
    }

    /// The delivered bytes: what ``id`` is made from.
    package var bytes: [UInt8] { content.bytes }

    /// Whether `other` says the same: for JSON, white space, member order and ignored members make no difference.
    func saysTheSame(as other: Document, ignoring patterns: [JSONPointerPattern]) -> Bool {
        if id == other.id { return true }
        guard case .json(let mine) = content, case .json(let theirs) = other.content else { return false }
        return mine.isEqual(to: theirs, ignoring: patterns)
    }
}

extension Document.Content {
    var bytes: [UInt8] {
        switch self {
        case .json(let document): document.bytes
        case .text(let bytes), .binary(let bytes): bytes
        }
    }
}
