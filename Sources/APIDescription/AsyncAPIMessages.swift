import BridgeConfiguration

/// The Message Objects that channels refer to, and their schemas.
enum AsyncAPIMessages {
    /// Of one subprotocol of one route: what the bridge sends, and what it takes.
    struct Set {
        var sent: [String] = []
        var received: [String] = []
    }

    static func version1(_ poll: PollRoute) -> Set {
        Set(
            sent: ["snapshot", "patch", "merge"] + (poll.keys.isEmpty ? [] : ["event"]) + ["current", "status"]
                + (poll.send == nil ? [] : ["sent"]) + ["error", "pong"],
            received: ["ping"] + (poll.send == nil ? [] : ["send"])
        )
    }

    static func cloudEvents(_ poll: PollRoute) -> Set {
        Set(
            sent: ["snapshotEvent", "patchEvent", "mergeEvent"] + (poll.keys.isEmpty ? [] : ["itemEvent"])
                + ["statusEvent", "errorEvent"]
        )
    }

    /// Where the format is left to the endpoint, its type is the endpoint's too.
    static func bare(_ poll: PollRoute) -> Set {
        Set(sent: [[.json, .xml].contains(poll.format) ? "json" : "document"])
    }

    static let posts = Set(received: ["posted"])

    static let room = Set(sent: ["relayed"], received: ["relayed"])
    static let version1Room = Set(sent: ["message", "error", "pong"], received: ["send", "ping"])
    static let cloudEventsRoom = Set(sent: ["cloudEvent"], received: ["cloudEvent"])
    static let stream = Set(sent: ["bytes"], received: ["bytes"])
    static let multiplex = Set(
        sent: [
            "snapshot", "patch", "merge", "event", "current", "status", "message", "sent", "unsubscribed", "error",
            "pong",
        ],
        received: ["subscribe", "unsubscribe", "send", "ping"]
    )

    /// Those with these names, as `components.messages`.
    static func components(_ names: some Sequence<String>) -> JSONValue {
        .object(Dictionary(names.map { ($0, all[$0] ?? [:]) }) { first, _ in first })
    }

    // MARK: the messages

    private static let topic: JSONValue = [
        "type": "string", "description": "The path, and query, of the document or room.",
    ]
    private static let version: JSONValue = [
        "type": "string", "description": "Made from the document's content.", "pattern": "^[A-Za-z0-9_-]{22}$",
    ]
    private static let time: JSONValue = ["type": "integer", "description": "Milliseconds of Unix time."]
    private static let reference: JSONValue = ["description": "What the client gave, to tell the answer by."]
    private static let mode: JSONValue = ["enum": ["snapshot", "patch", "merge", "events"]]
    private static let patch: JSONValue = [
        "type": "array", "description": "JSON Patch, RFC 6902.", "items": ["type": "object"],
    ]
    private static let state: JSONValue = ["enum": ["live", "stale"]]
    private static let cause: JSONValue = [
        "description": "The upstream's HTTP status, or a word.",
        "oneOf": [
            ["type": "integer"],
            ["enum": ["timeout", "refused", "unresolved", "tls", "too-large", "invalid"]],
        ],
    ]
    private static let item: [String: JSONValue] = [
        "change": ["enum": ["added", "changed", "removed"]],
        "collection": ["type": "string", "description": "JSON Pointer of the array."],
        "key": [:], "value": [:], "was": [:],
    ]

    private static let all: [String: JSONValue] = [
        "document": [
            "summary": "The whole document as the endpoint sent it; with ?mode=, changes after the first.",
            "payload": [:],
        ],
        "json": [
            "summary": "The whole document as JSON; with ?mode=, changes after the first.",
            "contentType": "application/json", "payload": [:],
        ],
        "posted": ["summary": "Goes to the endpoint as it is.", "payload": [:]],
        "relayed": ["summary": "Goes to everybody else in the room as it is.", "payload": [:]],
        "bytes": [
            "summary": "Bytes of the stream, cut anywhere.", "contentType": "application/octet-stream",
            "payload": ["type": "string"],
        ],
        "snapshot": version1(
            "snapshot",
            "The whole document.",
            required: ["topic", "id", "at"],
            [
                "topic": topic, "id": version, "at": time, "data": [:],
                "text": ["type": "string"], "base64": ["type": "string", "contentEncoding": "base64"],
            ]
        ),
        "patch": version1(
            "patch",
            "What changed, as JSON Patch.",
            required: ["topic", "from", "id", "at", "patch"],
            ["topic": topic, "from": version, "id": version, "at": time, "patch": patch]
        ),
        "merge": version1(
            "merge",
            "What changed, as JSON Merge Patch.",
            required: ["topic", "from", "id", "at", "merge"],
            ["topic": topic, "from": version, "id": version, "at": time, "merge": [:]]
        ),
        "event": version1(
            "event",
            "An item of a keyed array changed.",
            required: ["topic", "from", "id", "at", "change", "collection", "key"],
            ["topic": topic, "from": version, "id": version, "at": time].merging(item) { first, _ in first }
        ),
        "current": version1(
            "current",
            "Resumed: nothing was missed.",
            required: ["topic", "id"],
            ["topic": topic, "id": version]
        ),
        "status": version1(
            "status",
            "The endpoint fails, or is back.",
            required: ["topic", "state", "since"],
            ["topic": topic, "state": state, "code": cause, "reason": ["type": "string"], "since": time, "next": time]
        ),
        "message": version1(
            "message",
            "Somebody sent this to the room.",
            required: ["topic"],
            ["topic": topic, "data": [:], "base64": ["type": "string", "contentEncoding": "base64"]]
        ),
        "sent": version1(
            "sent",
            "What the endpoint answered to a send.",
            required: ["status"],
            ["ref": reference, "status": ["type": "integer"], "data": [:]]
        ),
        "unsubscribed": version1("unsubscribed", "The subscription has ended.", required: ["topic"], ["topic": topic]),
        "error": version1(
            "error",
            "Something was refused, or failed.",
            required: ["code", "message"],
            [
                "ref": reference, "topic": topic, "code": ["type": "integer", "description": "An HTTP status."],
                "message": ["type": "string"],
            ]
        ),
        "pong": version1("pong", "Answers a ping.", required: [], [:]),
        "subscribe": version1(
            "subscribe",
            "Begins a subscription, or replaces it.",
            required: ["topic"],
            [
                "topic": topic, "mode": mode, "since": version, "ref": reference,
                "maxRate": ["type": "number", "description": "Messages a second.", "maximum": 1000],
            ]
        ),
        "unsubscribe": version1(
            "unsubscribe",
            "Ends a subscription.",
            required: ["topic"],
            ["topic": topic, "ref": reference]
        ),
        "send": version1(
            "send",
            "Goes to the endpoint, or to the room.",
            required: ["topic", "data"],
            ["topic": topic, "data": [:], "ref": reference]
        ),
        "ping": version1("ping", "Answered by a pong.", required: [], [:]),
        "cloudEvent": cloudEvent(["type": "string"], "A CloudEvent; others' messages come as pushbridge.message.", [:]),
        "snapshotEvent": cloudEvent(
            ["const": "pushbridge.snapshot"],
            "The whole document.",
            ["version": version, "data": [:]]
        ),
        "patchEvent": cloudEvent(
            ["const": "pushbridge.patch"],
            "What changed, as JSON Patch; with ?mode=patch.",
            ["version": version, "fromversion": version, "data": patch]
        ),
        "mergeEvent": cloudEvent(
            ["const": "pushbridge.merge"],
            "What changed, as JSON Merge Patch; with ?mode=merge.",
            ["version": version, "fromversion": version, "data": [:]]
        ),
        "itemEvent": cloudEvent(
            ["enum": ["pushbridge.item.added", "pushbridge.item.changed", "pushbridge.item.removed"]],
            "An item of a keyed array changed; with ?mode=events.",
            ["version": version, "fromversion": version, "data": ["type": "object", "properties": .object(item)]]
        ),
        "statusEvent": cloudEvent(
            ["const": "pushbridge.status"],
            "The endpoint fails, or is back.",
            ["data": ["type": "object", "properties": ["state": state, "code": cause]]]
        ),
        "errorEvent": cloudEvent(
            ["const": "pushbridge.error"],
            "There is no document yet.",
            ["data": ["type": "object", "properties": ["code": ["type": "integer"], "message": ["type": "string"]]]]
        ),
    ]

    private static func version1(
        _ type: String,
        _ summary: String,
        required: [String],
        _ properties: [String: JSONValue]
    ) -> JSONValue {
        [
            "name": .string(type), "summary": .string(summary), "contentType": "application/json",
            "payload": [
                "type": "object",
                "required": .array((["type"] + required).map { .string($0) }),
                "properties": .object(properties.merging(["type": ["const": .string(type)]]) { _, new in new }),
            ],
        ]
    }

    private static func cloudEvent(
        _ type: JSONValue,
        _ summary: String,
        _ properties: [String: JSONValue]
    ) -> JSONValue {
        let attributes: [String: JSONValue] = [
            "specversion": ["const": "1.0"], "type": type,
            "id": ["type": "string", "minLength": 1],
            "source": ["type": "string", "format": "uri-reference", "minLength": 1],
            "subject": ["type": "string"],
            "time": ["type": "string", "format": "date-time"],
            "datacontenttype": ["type": "string"],
            "data_base64": ["type": "string", "contentEncoding": "base64"],
        ]
        return [
            "summary": .string(summary), "contentType": "application/cloudevents+json",
            "payload": [
                "type": "object",
                "required": ["specversion", "id", "source", "type"],
                "properties": .object(attributes.merging(properties) { _, new in new }),
            ],
        ]
    }
}
