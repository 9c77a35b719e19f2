import Foundation
import JSONDelta

/// A message of `pushbridge.v1` from the bridge.
struct BridgeMessage {
    enum Kind {
        case snapshot(version: String, BridgeContent)
        case patch(from: String, version: String, [UInt8])
        case merge(from: String, version: String, [UInt8])
        case current(version: String)
        case event(BridgeItemEvent)
        case message(BridgeContent)
        case status(BridgeStatus)
        case sent(BridgeAnswer)
        case error(code: Int, reason: String)
        case unsubscribed
        case pong
    }

    let topic: String?
    /// The number that a message of ours had.
    let reference: Int?
    let kind: Kind

    private struct Fields: Decodable {
        let type: String
        let topic: String?
        let id: String?
        let from: String?
        let state: String?
        let code: Code?
        let reason: String?
        let message: String?
        let status: Int?
        let ref: Int?
        let change: String?
        let collection: String?
        let text: String?
        let base64: Data?
    }

    /// An HTTP status, or a word.
    private struct Code: Decodable {
        let text: String

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let number = try? value.decode(Int.self) {
                text = String(number)
            } else {
                text = try value.decode(String.self)
            }
        }
    }

    /// nil: it is of a type that this client does not know, which newer bridges may send.
    init?(_ text: String) {
        guard let document = try? JSONDocument(parsing: Array(text.utf8)),
            let fields = try? JSONDecoder().decode(Fields.self, from: Data(text.utf8)),
            let kind = Self.kind(fields, document)
        else { return nil }
        topic = fields.topic
        reference = fields.ref
        self.kind = kind
    }

    private static func kind(_ fields: Fields, _ document: JSONDocument) -> Kind? {
        func part(_ name: String) -> [UInt8]? { (try? JSONPointer(name)).flatMap { document.select($0)?.bytes } }
        func json(_ name: String) -> BridgeContent? { part(name).map { .json(Data($0)) } }
        func content() -> BridgeContent? {
            json("/data") ?? fields.text.map { .text($0) } ?? fields.base64.map { .binary($0) }
        }
        switch fields.type {
        case "snapshot":
            guard let id = fields.id, let content = content() else { return nil }
            return .snapshot(version: id, content)
        case "patch":
            guard let from = fields.from, let id = fields.id, let patch = part("/patch") else { return nil }
            return .patch(from: from, version: id, patch)
        case "merge":
            guard let from = fields.from, let id = fields.id, let patch = part("/merge") else { return nil }
            return .merge(from: from, version: id, patch)
        case "current": return fields.id.map { .current(version: $0) }
        case "event":
            guard let id = fields.id, let change = fields.change.flatMap(BridgeItemEvent.Change.init),
                let key = json("/key")
            else { return nil }
            return .event(
                BridgeItemEvent(
                    version: id,
                    change: change,
                    collection: fields.collection ?? "",
                    key: key,
                    value: json("/value"),
                    was: json("/was")
                )
            )
        case "message": return content().map { .message($0) }
        case "status":
            let isStale = fields.state == "stale"
            return .status(isStale ? .stale(code: fields.code?.text ?? "", reason: fields.reason ?? "") : .live)
        case "sent": return .sent(BridgeAnswer(status: fields.status ?? 0, data: json("/data")))
        case "error":
            return .error(code: fields.code.flatMap { Int($0.text) } ?? 0, reason: fields.message ?? "")
        case "unsubscribed": return .unsubscribed
        case "pong": return .pong
        default: return nil
        }
    }
}
