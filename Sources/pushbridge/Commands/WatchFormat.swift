import Foundation
import JSONDelta
import PushbridgeClient

/// One message of a bridge, as far as a person wants to see it.
struct WatchedUpdate {
    /// `snapshot`, `patch` and so on; `text` or `binary` for what is no message of `pushbridge.v1`.
    let type: String
    /// As the bridge writes it, where the message has one.
    let topic: String?
    /// The version that it brings, where it brings one.
    let id: String?
    /// What it says, to the letter where it is JSON.
    let content: String
    /// The HTTP status of an error.
    private let code: Int?
    /// The whole message; base64 for a binary one.
    let whole: String

    init(_ message: ClientMessage) {
        switch message {
        case .binary(let bytes):
            type = "binary"
            topic = nil
            id = nil
            code = nil
            content = Data(bytes.readableBytesView).base64EncodedString()
            whole = content
        case .text(let text):
            whole = text
            guard let document = try? JSONDocument(parsing: Array(text.utf8)), let type = document.string("/type")
            else {
                type = "text"
                topic = nil
                id = nil
                code = nil
                content = text
                return
            }
            self.type = type
            topic = document.string("/topic")
            id = document.string("/id")
            code = document.text("/code").flatMap { Int($0) }
            let pointers =
                switch type {
                case "snapshot", "message", "sent": ["/data", "/text", "/base64"]
                case "patch": ["/patch"]
                case "merge": ["/merge"]
                default: [""]
                }
            content = pointers.lazy.compactMap(document.text).first ?? text
        }
    }

    /// Whether it is an error that will not change by itself, as the end of an upstream's trouble does.
    var isFinal: Bool { type == "error" && ![502, 503, 504].contains(code) }

    /// Whether `--count` counts it: what says only how things stand is no update.
    var isCounted: Bool { !["status", "current", "pong", "error", "unsubscribed"].contains(type) }
}

/// How an update looks as a line.
struct WatchFormat: Sendable {
    let isTerminal: Bool
    /// Whether the bridge's messages are printed as they are.
    let isJSON: Bool
    /// Whether there are several topics, so that lines name theirs.
    let namesTopics: Bool

    /// Longer contents are cut on a terminal.
    private static let shown = 1000

    func line(_ update: WatchedUpdate) -> String {
        // In JSON a control character is white space between two values, if anything.
        if isJSON { return update.whole.withoutControls }
        let time = Date.now.formatted(
            .iso8601.time(includingFractionalSeconds: true).timeZoneSeparator(.omitted)
        )
        let type = update.type.withoutControls
        let topic = namesTopics ? update.topic.map { " \($0.withoutControls)" } ?? "" : ""
        let id = topic + (update.id.map { " \($0.withoutControls)" } ?? "")
        let content = update.content.withoutControls
        guard isTerminal else { return "\(time) \(type)\(id) \(content)" }
        let cut = content.count > Self.shown ? content.prefix(Self.shown) + "…" : content[...]
        let colour =
            switch update.type {
            case "error": 31
            case "status": 33
            case "snapshot": 36
            default: 32
            }
        return "\u{1B}[2m\(time)\u{1B}[0m \u{1B}[\(colour)m\(type)\u{1B}[0m\u{1B}[2m\(id)\u{1B}[0m \(cut)"
    }
}

extension String {
    /// For terminals: what would move the cursor, or break the line, is a space.
    var withoutControls: String {
        String(String.UnicodeScalarView(unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
    }
}

extension JSONDocument {
    /// The text of the value at a pointer, as it stands in the document.
    fileprivate func text(_ pointer: String) -> String? {
        (try? JSONPointer(pointer)).flatMap(select).map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    /// The string at a pointer.
    fileprivate func string(_ pointer: String) -> String? {
        text(pointer).flatMap { try? JSONDecoder().decode(String.self, from: Data($0.utf8)) }
    }
}
