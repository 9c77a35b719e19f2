import NIOCore

@testable import WebSocket

/// What one end compresses, the other inflates to the same; what is no deflate stream ends in an error, within bounds.
enum DeflateProperties {
    static func check(_ bytes: [UInt8]) throws(PropertyViolation) {
        var source = ByteSource(bytes)
        let choices = source.byte()
        if choices & 1 == 0 {
            try checkRoundTrip(&source, choices)
        } else {
            try checkHostile(&source, choices)
        }
    }

    private static func checkRoundTrip(_ source: inout ByteSource, _ choices: UInt8) throws(PropertyViolation) {
        var settings = CompressionSettings()
        settings.level = 1 + Int(choices >> 5) % 9
        settings.threshold = 0
        let bits = 8 + source.below(8)
        let takeover = choices & 2 != 0
        let ours = PerMessageDeflate(outgoingTakeover: takeover, outgoingWindowBits: bits, settings: settings)
        let theirs = PerMessageDeflate(incomingTakeover: takeover)
        let ends: (Role, Role) = choices & 4 == 0 ? (.client, .server) : (.server, .client)
        var sender = WebSocketSession(role: ends.0, deflate: ours)
        var receiver = WebSocketSession(role: ends.1, deflate: theirs)
        while !source.isAtEnd {
            let piece = source.take(1 + Int(source.byte()))
            // Repeated, so that windows are filled and references reach far back.
            let message = Array(repeatElement(piece, count: 1 + source.below(200)).joined())
            do throws(WebSocketError) {
                let frame = try sender.encode(ByteBuffer(bytes: message), opcode: .binary)
                var wire = frame.frame
                if let payload = frame.payload { wire.writeImmutableBuffer(payload) }
                guard case .message(let received, .binary)? = try receiver.next(from: &wire) else {
                    throw .protocolError("no message came out")
                }
                guard received == ByteBuffer(bytes: message) else { throw .protocolError("another message came out") }
            } catch {
                throw PropertyViolation(
                    "\(error) for \(message.count) bytes, window bits \(bits), takeover \(takeover)"
                )
            }
        }
    }

    /// A frame around the bytes as if they were compressed: alike however the frame is cut.
    private static func checkHostile(_ source: inout ByteSource, _ choices: UInt8) throws(PropertyViolation) {
        let deflate = PerMessageDeflate(incomingTakeover: choices & 2 != 0)
        let step = Int(source.byte()) + 1
        var wire: [UInt8] = []
        while !source.isAtEnd {
            let payload = ByteBuffer(bytes: source.take(1 + Int(source.byte())))
            let frame = FrameEncoder.frame(opcode: .binary, rsv1: true, payload: payload, mask: 0)
            wire += frame.readableBytesView
        }
        let whole = Transcript(wire, cutEvery: wire.count, role: .server, deflate: deflate, delivery: .whole)
        let cut = Transcript(wire, cutEvery: step, role: .server, deflate: deflate, delivery: .streamed)
        try require(whole == cut, "whole: \(whole)\ncut every \(step): \(cut)")
    }
}
