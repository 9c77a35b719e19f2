import Foundation
import JSONDelta
import NIOCore
import WebSocket

/// Writes what a topic says to its subscribers in one ``DeliveryFormat``. Pure: usable on any thread.
struct MessageEncoder {
    /// The topic's name as clients know it: path and query.
    let topicName: String
    let format: DeliveryFormat

    init(topicName: String, format: DeliveryFormat) {
        self.topicName = topicName
        self.format = format
    }

    /// The whole document. `isReplacing`: the receiver holds another version, so that a bare subscriber in `patch` or `merge` mode
    /// has to be told in that mode's own language that everything is new.
    func snapshot(_ document: Document, at milliseconds: Int64, isReplacing: Bool) -> Delivery {
        switch format.envelope {
        case .bare:
            if isReplacing, case .json(let json) = document.content {
                switch format.mode {
                case .patch:
                    var patch = ByteBuffer(string: #"[{"op":"replace","path":"","value":"#)
                    patch.writeBytes(json.bytes)
                    patch.writeString("}]")
                    return messages(.snapshot, [(.text, patch)])
                case .merge:
                    // A merge patch that is no object replaces everything (RFC 7396 section 2), and the next one then
                    // starts from nothing: the nearest that the format has to a new document.
                    return messages(
                        .snapshot,
                        [(.text, ByteBuffer(string: "null")), (.text, ByteBuffer(bytes: json.bytes))]
                    )
                case .snapshot, .events:
                    break
                }
            }
            return messages(.snapshot, [(document.opcode, ByteBuffer(bytes: document.bytes))])
        case .version1:
            var message = opened("snapshot", id: document.id, at: milliseconds)
            switch document.content {
            case .json(let json):
                message.writeString(#","data":"#)
                message.writeBytes(json.bytes)
            case .text(let bytes):
                message.writeString(#","text":"#)
                message.writeJSONString(utf8: bytes)
            case .binary(let bytes):
                message.writeString(#","base64":""# + Data(bytes).base64EncodedString() + #"""#)
            }
            message.writeString("}")
            return messages(.snapshot, [(.text, message)])
        case .serverSentEvents:
            // In the default mode events have no name, so that a page's `onmessage` sees them.
            var event = EventStreamEncoder(name: format.mode == .snapshot ? nil : "snapshot", id: document.id.text)
            switch document.content {
            case .json(let json): event.write(line: json.bytes)
            case .text(let bytes): event.write(lines: bytes)
            case .binary(let bytes): event.write(line: Array(Data(bytes).base64EncodedString().utf8))
            }
            return Delivery(kind: .snapshot, body: .wire(event.finished()))
        case .cloudEvents:
            return messages(.snapshot, [(.text, cloudEvent(document, at: milliseconds))])
        }
    }

    /// A JSON Patch (RFC 6902) from one version to another.
    func patch(_ patch: [UInt8], from: VersionID, to id: VersionID, at milliseconds: Int64) -> Delivery {
        change(.patch, name: "patch", patch, from: from, to: id, at: milliseconds)
    }

    /// A merge patch (RFC 7396) from one version to another.
    func merge(_ merge: [UInt8], from: VersionID, to id: VersionID, at milliseconds: Int64) -> Delivery {
        change(.merge, name: "merge", merge, from: from, to: id, at: milliseconds)
    }

    /// One message for each change of an item; nothing where no item changed.
    func events(_ changes: [ItemChange], from: VersionID, to id: VersionID, at milliseconds: Int64) -> Delivery {
        switch format.envelope {
        case .bare:
            return messages(
                .event,
                changes.map { change in
                    var message = ByteBuffer(string: "{")
                    message.writeItemChange(change)
                    message.writeString("}")
                    return (.text, message)
                }
            )
        case .version1:
            return messages(
                .event,
                changes.map { change in
                    var message = opened("event", from: from, id: id, at: milliseconds)
                    message.writeString(",")
                    message.writeItemChange(change)
                    message.writeString("}")
                    return (.text, message)
                }
            )
        case .serverSentEvents:
            var stream = ByteBuffer()
            for change in changes {
                var event = EventStreamEncoder(name: "event", id: id.text)
                var line = ByteBuffer(string: "{")
                line.writeItemChange(change)
                line.writeString("}")
                event.write(line: Array(line.readableBytesView))
                stream.writeImmutableBuffer(event.finished())
            }
            return Delivery(kind: .event, body: .wire(stream), messageCount: changes.count)
        case .cloudEvents:
            let events = cloudEvents(changes, from: from, to: id, at: milliseconds)
            return messages(.event, events.map { (.text, $0) })
        }
    }

    /// Tells someone who resumed that nothing was missed; nil where the transport has no word for it.
    func current(_ id: VersionID) -> Delivery? {
        guard format.envelope == .version1 else { return nil }
        var message = opened("current")
        message.writeString(#","id":"\#(id.text)"}"#)
        return messages(.current, [(.text, message)])
    }

    /// Tells of upstream trouble or of its end; nil where the transport has no word for it.
    func status(_ status: TopicStatus) -> Delivery? {
        switch format.envelope {
        case .bare:
            return nil
        case .version1:
            var message = opened("status")
            message.writeString(",")
            message.writeStatus(status)
            message.writeString("}")
            return messages(.status, [(.text, message)])
        case .serverSentEvents:
            var event = EventStreamEncoder(name: "status", id: nil)
            var line = ByteBuffer(string: "{")
            line.writeStatus(status)
            line.writeString("}")
            event.write(line: Array(line.readableBytesView))
            return Delivery(kind: .status, body: .wire(event.finished()))
        case .cloudEvents:
            return messages(.status, [(.text, cloudEvent(status))])
        }
    }

    /// Tells that there is no document because its first fetch failed; nil where the transport has no word for it.
    func failure(_ failure: SourceFailure) -> Delivery? {
        if format.envelope == .cloudEvents { return messages(.error, [(.text, cloudEvent(failure))]) }
        guard format.envelope == .version1 else { return nil }
        var message = opened("error")
        message.writeString(#","code":\#(failure.gatewayStatus),"message":"#)
        message.writeJSONString(failure.reason)
        message.writeString("}")
        return messages(.error, [(.text, message)])
    }

    private func change(
        _ kind: Delivery.Kind,
        name: String,
        _ json: [UInt8],
        from: VersionID,
        to id: VersionID,
        at milliseconds: Int64
    ) -> Delivery {
        switch format.envelope {
        case .bare:
            return messages(kind, [(.text, ByteBuffer(bytes: json))])
        case .version1:
            var message = opened(name, from: from, id: id, at: milliseconds)
            message.writeString(#","\#(name)":"#)
            message.writeBytes(json)
            message.writeString("}")
            return messages(kind, [(.text, message)])
        case .serverSentEvents:
            var event = EventStreamEncoder(name: name, id: id.text)
            event.write(line: json)
            return Delivery(kind: kind, body: .wire(event.finished()))
        case .cloudEvents:
            return messages(kind, [(.text, cloudEvent(change: name, json, from: from, to: id, at: milliseconds))])
        }
    }

    /// The beginning of a `pushbridge.v1` message, without its closing brace.
    private func opened(
        _ type: String,
        from: VersionID? = nil,
        id: VersionID? = nil,
        at milliseconds: Int64? = nil
    ) -> ByteBuffer {
        var message = ByteBuffer(string: #"{"type":"\#(type)","topic":"#)
        message.writeJSONString(topicName)
        if let from { message.writeString(#","from":"\#(from.text)""#) }
        if let id { message.writeString(#","id":"\#(id.text)""#) }
        if let milliseconds { message.writeString(#","at":\#(milliseconds)"#) }
        return message
    }

    private func messages(_ kind: Delivery.Kind, _ messages: [(Opcode, ByteBuffer)]) -> Delivery {
        if format.compression == .perConnection {
            return Delivery(
                kind: kind,
                body: .messages(messages.map { .init(opcode: $0, payload: $1) }),
                messageCount: messages.count
            )
        }
        var wire = ByteBuffer()
        for (opcode, payload) in messages {
            var frame: ByteBuffer?
            if case .shared(let windowBits) = format.compression {
                // Without memory for a compressor the message still goes out, only larger.
                frame = try? SharedCompressor.frame(opcode: opcode, message: payload, windowBits: windowBits)
            }
            let encoded = frame ?? FrameEncoder.frame(opcode: opcode, payload: payload)
            if messages.count == 1 {
                wire = encoded
            } else {
                wire.writeImmutableBuffer(encoded)
            }
        }
        return Delivery(kind: kind, body: .wire(wire), messageCount: messages.count)
    }
}

extension Document {
    /// The type of the WebSocket message that carries the document itself.
    fileprivate var opcode: Opcode {
        if case .binary = content { return .binary }
        return .text
    }
}

extension ByteBuffer {
    mutating func writeStatus(_ status: TopicStatus) {
        writeString(#""state":"\#(status.state.rawValue)""#)
        if let failure = status.failure {
            switch failure.code {
            case .status(let code): writeString(#","code":\#(code)"#)
            case .word(let word): writeString(#","code":"\#(word)""#)
            }
            writeString(#","reason":"#)
            writeJSONString(failure.reason)
        }
        writeString(#","since":\#(status.sinceMilliseconds)"#)
        if let failure = status.failure { writeString(#","next":\#(failure.nextAttemptAtMilliseconds)"#) }
    }

    mutating func writeItemChange(_ change: ItemChange) {
        writeString(#""change":"\#(change.kind.rawValue)","collection":"#)
        writeJSONString(change.collection)
        writeString(#","key":"#)
        writeBytes(change.key)
        if let value = change.value {
            writeString(#","value":"#)
            writeBytes(value)
        }
        if let was = change.was {
            writeString(#","was":"#)
            writeBytes(was)
        }
    }
}
