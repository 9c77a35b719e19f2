import Foundation
import NIOCore
import Synchronization
import Topics
import WebSocket

/// One message of a room, encoded once for each form in which members take it. Any thread.
final class RoomMessage: Sendable {
    enum Content: Sendable {
        case text(ByteBuffer)
        case binary(ByteBuffer)
        /// JSON that is no string, from a member who speaks `pushbridge.v1`; to others it is text.
        case json(ByteBuffer)
        /// A CloudEvent, which goes to members that speak CloudEvents as it came; to others it is JSON.
        case event(ByteBuffer)

        /// What was sent.
        var bytes: ByteBuffer {
            switch self {
            case .text(let bytes), .binary(let bytes), .json(let bytes), .event(let bytes): bytes
            }
        }
    }

    /// What members differ in.
    struct Form: Hashable {
        var envelope: DeliveryFormat.Envelope
        var compression: DeliveryFormat.Compression
    }

    let content: Content
    /// The room as members name it.
    private let topicName: String
    /// Of the event that the message is to members that speak CloudEvents: the same for all of them.
    private let time = UnixTime.nowMilliseconds
    private let number = UInt64.random(in: .min ... .max)
    /// In the order in which they were made; few.
    let encoded = Mutex<[(form: Form, body: Delivery.Body)]>([])

    init(content: Content, topicName: String) {
        self.content = content
        self.topicName = topicName
    }

    /// How much the sender sent.
    var byteCount: Int { content.bytes.readableBytes }

    func body(for form: Form) -> Delivery.Body {
        encoded.withLock { encoded in
            if let known = encoded.first(where: { $0.form == form }) { return known.body }
            let body = encode(form)
            encoded.append((form, body))
            return body
        }
    }

    /// Lets go of all encodings but so many, the oldest first: each may be as large as the message, and there are as
    /// many as members can ask for in all their handshakes.
    ///
    /// - Parameter form: kept where it is there.
    func forgetEncodings(but count: Int, sparing form: Form? = nil) {
        encoded.withLock { encoded in
            guard encoded.count > count else { return }
            let spared = encoded.filter { $0.form == form }
            encoded = (encoded.filter { $0.form != form } + spared).suffix(count)
        }
    }

    private func encode(_ form: Form) -> Delivery.Body {
        let (opcode, payload) = message(in: form.envelope)
        switch form.compression {
        case .perConnection:
            return .messages([.init(opcode: opcode, payload: payload)])
        case .shared(let windowBits):
            let frame = try? SharedCompressor.frame(opcode: opcode, message: payload, windowBits: windowBits)
            return .wire(frame ?? FrameEncoder.frame(opcode: opcode, payload: payload))
        case .none:
            return .wire(FrameEncoder.frame(opcode: opcode, payload: payload))
        }
    }

    private func message(in envelope: DeliveryFormat.Envelope) -> (Opcode, ByteBuffer) {
        switch envelope {
        case .version1: (.text, version1)
        case .cloudEvents: (.text, cloudEvent)
        case .bare, .serverSentEvents:
            switch content {
            case .text(let bytes), .json(let bytes), .event(let bytes): (.text, bytes)
            case .binary(let bytes): (.binary, bytes)
            }
        }
    }

    private var version1: ByteBuffer {
        var message = ByteBuffer(string: #"{"type":"message","topic":"#)
        message.writeJSONString(topicName)
        switch content {
        case .text(let bytes):
            message.writeString(#","data":"#)
            message.writeJSONString(utf8: bytes.readableBytesView)
        case .json(let bytes), .event(let bytes):
            message.writeString(#","data":"#)
            message.writeImmutableBuffer(bytes)
        case .binary(let bytes):
            message.writeString(#","base64":""# + Data(bytes.readableBytesView).base64EncodedString() + #"""#)
        }
        message.writeString("}")
        return message
    }

    private var cloudEvent: ByteBuffer {
        let data: CloudEvent.Data
        switch content {
        case .event(let bytes): return bytes
        case .text(let bytes): data = .text(bytes, type: "text/plain")
        case .json(let bytes): data = .json(bytes, type: "application/json")
        case .binary(let bytes): data = .binary(bytes, type: "application/octet-stream")
        }
        return CloudEvent.message(
            id: "\(time)-\(String(number, radix: 36))",
            source: topicName,
            type: "pushbridge.message",
            at: time,
            data: data
        )
    }
}
