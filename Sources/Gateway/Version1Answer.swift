import NIOCore

/// Messages that answer a client's own.
enum Version1Answer {
    static func error(_ code: Int, _ text: String, topic: String?, reference: [UInt8]?) -> ByteBuffer {
        var message = ByteBuffer(string: #"{"type":"error""#)
        write(reference, into: &message)
        if let topic {
            message.writeString(#","topic":"#)
            message.writeJSONString(topic)
        }
        message.writeString(#","code":\#(code),"message":"#)
        message.writeJSONString(text)
        message.writeString("}")
        return message
    }

    static func unsubscribed(_ topic: String) -> ByteBuffer {
        var message = ByteBuffer(string: #"{"type":"unsubscribed","topic":"#)
        message.writeJSONString(topic)
        message.writeString("}")
        return message
    }

    static func sent(_ answer: SendAnswer, reference: [UInt8]?) -> ByteBuffer {
        var message = ByteBuffer(string: #"{"type":"sent""#)
        write(reference, into: &message)
        message.writeString(#","status":\#(answer.status)"#)
        if let json = answer.json {
            message.writeString(#","data":"#)
            message.writeBytes(json)
        }
        message.writeString("}")
        return message
    }

    private static func write(_ reference: [UInt8]?, into message: inout ByteBuffer) {
        guard let reference else { return }
        message.writeString(#","ref":"#)
        message.writeBytes(reference)
    }
}
