import Foundation

/// What a topic delivers: a document, or a channel's message.
public enum BridgeContent: Sendable, Hashable {
    /// JSON text in UTF-8, to the letter as the legacy endpoint wrote it.
    case json(Data)
    /// Text that is not JSON, such as XML.
    case text(String)
    /// Anything else.
    case binary(Data)

    /// The bytes, whatever they are.
    public var bytes: Data {
        switch self {
        case .json(let bytes), .binary(let bytes): bytes
        case .text(let text): Data(text.utf8)
        }
    }

    /// The content as a value of a type of yours.
    ///
    /// - Throws: `DecodingError` where it is not JSON, or JSON of another shape.
    public func decode<Value: Decodable>(
        _ type: Value.Type = Value.self,
        decoder: JSONDecoder = JSONDecoder()
    ) throws -> Value {
        try decoder.decode(type, from: bytes)
    }
}

/// A document at one version.
public struct BridgeDocument: Sendable, Hashable {
    /// Made from the content alone: the same as the `ETag` over HTTP.
    public let version: String
    /// What it says.
    public let content: BridgeContent

    /// The document as a value of a type of yours.
    ///
    /// - Throws: `DecodingError` where it is not JSON, or JSON of another shape.
    public func decode<Value: Decodable>(
        _ type: Value.Type = Value.self,
        decoder: JSONDecoder = JSONDecoder()
    ) throws -> Value {
        try content.decode(type, decoder: decoder)
    }
}

/// One item of a keyed array that was added, changed or removed.
public struct BridgeItemEvent: Sendable, Hashable {
    /// What happened to an item.
    public enum Change: String, Sendable, Hashable {
        /// It is new.
        case added
        /// It is not what it was.
        case changed
        /// It is gone.
        case removed
    }

    /// The version of the document that it belongs to.
    public let version: String
    /// What happened.
    public let change: Change
    /// The array, as a JSON Pointer (RFC 6901).
    public let collection: String
    /// The item's key: JSON.
    public let key: BridgeContent
    /// What it is now; nil: it is gone.
    public let value: BridgeContent?
    /// What it was; nil: it is new.
    public let was: BridgeContent?
}

/// How a topic is doing.
public enum BridgeStatus: Sendable, Hashable {
    /// Nothing has come yet.
    case connecting
    /// What is here is the newest that there is.
    case live
    /// The legacy endpoint fails, and what is here is the last that it said; `code` is its HTTP status, or a word such as
    /// `timeout`.
    case stale(code: String, reason: String)
    /// There is no connection to the bridge. It is being made again.
    case offline(reason: String)
    /// The bridge refused the topic; `code` is an HTTP status. With 502 and 504 the document still comes once the legacy
    /// endpoint answers.
    case refused(code: Int, reason: String)
    /// The subscription, or the client, was closed.
    case closed
}

/// What happens on a topic.
public enum BridgeUpdate: Sendable, Hashable {
    /// A new version. `patch` is what brought it from the version before (RFC 6902, or 7396 in mode `merge`), where it
    /// came as a patch.
    case document(BridgeDocument, patch: Data?)
    /// An item changed: mode `events`.
    case event(BridgeItemEvent)
    /// Somebody sent a message: channels.
    case message(BridgeContent)
    /// The topic's status changed.
    case status(BridgeStatus)
}
