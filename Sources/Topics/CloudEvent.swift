import Foundation
import JSONDelta
import NIOCore

/// Writes CloudEvents 1.0 in the JSON Event Format, structured mode.
package enum CloudEvent {
    /// The subprotocol of the CloudEvents WebSocket Protocol Binding, section 2.2.
    package static let subprotocol = "cloudevents.json"

    /// What an event carries (JSON Event Format, section 3.1).
    package enum Data {
        /// A JSON value; `type` is a media type of JSON.
        case json(ByteBuffer, type: String)
        /// Text in UTF-8.
        case text(ByteBuffer, type: String)
        /// Anything else.
        case binary(ByteBuffer, type: String)
    }

    /// - Parameters:
    ///   - id: unique for the source.
    ///   - source: a URI reference.
    ///   - type: what kind of event it is.
    ///   - subject: what of the source it is about.
    ///   - milliseconds: Unix time.
    ///   - extensions: extension attributes: their names are lower-case letters, their values need no escapes.
    ///   - data: what it carries.
    package static func message(
        id: String,
        source: String,
        type: String,
        subject: String? = nil,
        at milliseconds: Int64,
        extensions: [(name: String, value: String)] = [],
        data: Data
    ) -> ByteBuffer {
        var message = ByteBuffer(string: #"{"specversion":"1.0","id":"#)
        message.writeJSONString(id)
        message.writeString(#","source":"#)
        message.writeJSONString(source)
        message.writeString(#","type":"\#(type)""#)
        if let subject {
            message.writeString(#","subject":"#)
            message.writeJSONString(subject)
        }
        message.writeString(#","time":"\#(time(milliseconds))""#)
        for (name, value) in extensions { message.writeString(#","\#(name)":"\#(value)""#) }
        switch data {
        case .json(let json, let type):
            message.writeContentType(type)
            message.writeString(#","data":"#)
            message.writeImmutableBuffer(json)
        case .text(let text, let type):
            message.writeContentType(type)
            message.writeString(#","data":"#)
            message.writeJSONString(utf8: text.readableBytesView)
        case .binary(let bytes, let type):
            message.writeContentType(type)
            message.writeString(#","data_base64":""#)
            message.writeString(Foundation.Data(bytes.readableBytesView).base64EncodedString())
            message.writeString(#"""#)
        }
        message.writeString("}")
        return message
    }

    private struct Required: Decodable {
        let specversion, id, source, type: String
    }

    /// Whether a message is an event: JSON with the attributes that every event has (CloudEvents section 3.1).
    package static func isOne(_ message: ByteBuffer) -> Bool {
        let bytes = Array(message.readableBytesView)
        // The parser's limits are those of all JSON that comes in; the decoder has none.
        guard (try? JSONDocument(parsing: bytes)) != nil,
            let event = try? JSONDecoder().decode(Required.self, from: Foundation.Data(bytes))
        else { return false }
        return event.specversion == "1.0" && ![event.id, event.source, event.type].contains("")
    }

    /// RFC 3339, in UTC. Milliseconds as a part of a `Double` would be cut to the one before.
    private static func time(_ milliseconds: Int64) -> String {
        let seconds = Date(timeIntervalSince1970: Double(milliseconds / 1000)).formatted(.iso8601)
        return "\(seconds.dropLast()).\(String(1000 + milliseconds % 1000).dropFirst())Z"
    }
}

extension ByteBuffer {
    fileprivate mutating func writeContentType(_ type: String) {
        writeString(#","datacontenttype":"#)
        writeJSONString(type)
    }
}
