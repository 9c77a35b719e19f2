import Foundation
import JSONDelta
import NIOCore

/// The messages of the subprotocol `cloudevents.json`. An event's id tells it from every other of its topic: the versions
/// and the time, for a document may come back to a version that it had; the version alone, with which a client resumes, is
/// the extension attribute `version`.
extension MessageEncoder {
    func cloudEvent(_ document: Document, at milliseconds: Int64) -> ByteBuffer {
        let data: CloudEvent.Data =
            switch document.content {
            case .json(let json): .json(ByteBuffer(bytes: json.bytes), type: "application/json")
            case .text(let bytes): .text(ByteBuffer(bytes: bytes), type: document.contentType)
            case .binary(let bytes): .binary(ByteBuffer(bytes: bytes), type: document.contentType)
            }
        return CloudEvent.message(
            id: "\(document.id.text)-\(milliseconds)",
            source: topicName,
            type: "pushbridge.snapshot",
            at: milliseconds,
            extensions: [("version", document.id.text)],
            data: data
        )
    }

    func cloudEvent(
        change name: String,
        _ json: [UInt8],
        from: VersionID,
        to id: VersionID,
        at milliseconds: Int64
    ) -> ByteBuffer {
        CloudEvent.message(
            id: "\(from.text)-\(id.text)-\(milliseconds)-\(name)",
            source: topicName,
            type: "pushbridge.\(name)",
            at: milliseconds,
            extensions: [("fromversion", from.text), ("version", id.text)],
            data: .json(
                ByteBuffer(bytes: json),
                type: name == "patch" ? "application/json-patch+json" : "application/merge-patch+json"
            )
        )
    }

    func cloudEvents(
        _ changes: [ItemChange],
        from: VersionID,
        to id: VersionID,
        at milliseconds: Int64
    ) -> [ByteBuffer] {
        changes.enumerated().map { index, change in
            var data = ByteBuffer(string: "{")
            data.writeItemChange(change)
            data.writeString("}")
            return CloudEvent.message(
                id: "\(from.text)-\(id.text)-\(milliseconds)-\(index)",
                source: topicName,
                type: "pushbridge.item.\(change.kind.rawValue)",
                subject: change.collection + "/" + Self.name(ofKey: change.key),
                at: milliseconds,
                extensions: [("fromversion", from.text), ("version", id.text)],
                data: .json(data, type: "application/json")
            )
        }
    }

    func cloudEvent(_ status: TopicStatus) -> ByteBuffer {
        let next = status.failure?.nextAttemptAtMilliseconds ?? 0
        var data = ByteBuffer(string: "{")
        data.writeStatus(status)
        data.writeString("}")
        return CloudEvent.message(
            id: "\(status.state.rawValue)-\(status.sinceMilliseconds)-\(next)",
            source: topicName,
            type: "pushbridge.status",
            at: status.sinceMilliseconds,
            data: .json(data, type: "application/json")
        )
    }

    func cloudEvent(_ failure: SourceFailure) -> ByteBuffer {
        var data = ByteBuffer(string: #"{"code":\#(failure.gatewayStatus),"message":"#)
        data.writeJSONString(failure.reason)
        data.writeString("}")
        return CloudEvent.message(
            id: "error-\(failure.nextAttemptAtMilliseconds)",
            source: topicName,
            type: "pushbridge.error",
            at: Int64(Date.now.timeIntervalSince1970 * 1000),
            data: .json(data, type: "application/json")
        )
    }

    /// A string key as what it says, any other as its JSON.
    private static func name(ofKey key: [UInt8]) -> String {
        (try? JSONDecoder().decode(String.self, from: Data(key))) ?? String(decoding: key, as: UTF8.self)
    }
}
