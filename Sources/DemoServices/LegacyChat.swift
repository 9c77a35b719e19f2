import Foundation

/// A chat as it was built before push: messages are posted, and everybody asks for the list again and again. A value
/// without I/O.
struct LegacyChat: Sendable {
    /// The list holds the newest ones.
    static let messageLimit = 50
    /// Characters (Unicode scalars).
    static let textLimit = 500
    static let nameLimit = 24
    /// Bytes of a posted body.
    static let bodyLimit = 8_192

    /// What GET answers, the oldest message first.
    struct List: Codable, Sendable, Equatable {
        var messages: [Message]
    }

    struct Message: Codable, Sendable, Equatable {
        /// Counts up from 1, never used again.
        var id: Int
        var name: String
        var text: String
        /// Milliseconds since 1970.
        var at: Int
    }

    /// What POST takes: `{"name": "Ada", "text": "Hello"}`; without a name it is from "guest".
    struct Post: Codable, Sendable {
        var name: String?
        var text: String
    }

    /// Why a post was refused.
    struct Refusal: Error, Equatable {
        var reason: String
    }

    private(set) var list = List(messages: [])
    private var lastID = 0

    init(start: Int) {
        append(name: "host", text: "Welcome. This chat's backend knows only GET and POST.", at: start)
    }

    /// - Returns: the message as everybody will see it.
    mutating func post(_ body: Data, at now: Int) throws(Refusal) -> Message {
        guard let post = try? JSONDecoder().decode(Post.self, from: body) else {
            throw Refusal(reason: #"Expected {"name": "...", "text": "..."}"#)
        }
        let text = post.text.trimmingCharacters(in: .whitespacesAndNewlines)
        let name = (post.name ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
        guard !text.isEmpty else { throw Refusal(reason: "The text is empty") }
        guard text.unicodeScalars.count <= Self.textLimit, name.unicodeScalars.count <= Self.nameLimit else {
            throw Refusal(reason: "At most \(Self.nameLimit) characters of name and \(Self.textLimit) of text")
        }
        return append(name: name.isEmpty ? "guest" : name, text: text, at: now)
    }

    @discardableResult
    private mutating func append(name: String, text: String, at now: Int) -> Message {
        lastID += 1
        let message = Message(id: lastID, name: name, text: text, at: now)
        list.messages.append(message)
        if list.messages.count > Self.messageLimit { list.messages.removeFirst() }
        return message
    }
}
