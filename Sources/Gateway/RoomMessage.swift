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
    }

    /// What members differ in.
    struct Form: Hashable {
        var envelope: DeliveryFormat.Envelope
        var compression: DeliveryFormat.Compression
    }

    let content: Content
    /// The room as members name it.
    private let topicName: String
    private let encoded = Mutex<[Form: Delivery.Body]>([:])

    init(content: Content, topicName: String) {
        self.content = content
        self.topicName = topicName
    }

    func body(for form: Form) -> Delivery.Body {
        encoded.withLock { encoded in
            if let known = encoded[form] { return known }
            let body = encode(form)
            encoded[form] = body
            return body
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
        guard envelope == .version1 else {
            switch content {
            case .text(let bytes), .json(let bytes): return (.text, bytes)
            case .binary(let bytes): return (.binary, bytes)
            }
        }
        var message = ByteBuffer(string: #"{"type":"message","topic":"#)
        message.writeJSONString(topicName)
        switch content {
        case .text(let bytes):
            message.writeString(#","data":"#)
            message.writeJSONString(utf8: bytes.readableBytesView)
        case .json(let bytes):
            message.writeString(#","data":"#)
            message.writeImmutableBuffer(bytes)
        case .binary(let bytes):
            message.writeString(#","base64":""# + Data(bytes.readableBytesView).base64EncodedString() + #"""#)
        }
        message.writeString("}")
        return (.text, message)
    }
}
