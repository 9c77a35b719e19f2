import NIOCore

/// Messages that say when they were due, as text that any channel hands on: `{"bench":RUN,"sent":TIME,"pad":"…"}`.
struct Stamp: Sendable {
    private let prefix: String
    private let size: Int

    /// - Parameters:
    ///   - run: tells this run's messages from others'.
    ///   - size: bytes of a message, if more than the stamp itself needs.
    init(run: UInt64, size: Int) {
        prefix = "{\"bench\":\"" + String(run, radix: 36) + "\",\"sent\":"
        self.size = size
    }

    func message(due: NIODeadline) -> ByteBuffer {
        let head = prefix + "\(due.uptimeNanoseconds),\"pad\":\""
        var message = ByteBuffer()
        message.reserveCapacity(max(size, head.utf8.count + 2))
        message.writeString(head)
        message.writeRepeatingByte(UInt8(ascii: "."), count: max(0, size - head.utf8.count - 2))
        message.writeStaticString("\"}")
        return message
    }

    /// When the message was due; nil: it is not of this run.
    func due(_ message: ByteBuffer) -> NIODeadline? {
        var message = message
        guard let start = message.readSlice(length: prefix.utf8.count), start == ByteBuffer(string: prefix) else {
            return nil
        }
        var time: UInt64 = 0
        while let byte = message.readInteger(as: UInt8.self), byte != UInt8(ascii: ",") {
            guard (0x30...0x39).contains(byte), time < UInt64.max / 100 else { return nil }
            time = time * 10 + UInt64(byte - 0x30)
        }
        return .uptimeNanoseconds(time)
    }
}
