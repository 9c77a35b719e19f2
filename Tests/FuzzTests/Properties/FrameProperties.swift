import NIOCore

@testable import WebSocket

/// What a session says about some bytes does not depend on how they were cut, or on how messages are handed on.
enum FrameProperties {
    static let limit = 1 << 16

    static func check(_ bytes: [UInt8]) throws(PropertyViolation) {
        var source = ByteSource(bytes)
        let choices = source.byte()
        let role: Role = choices & 1 == 0 ? .server : .client
        let deflate: PerMessageDeflate? =
            choices & 2 == 0 ? nil : PerMessageDeflate(incomingTakeover: choices & 4 == 0)
        let step = Int(source.byte()) + 1
        let wire = source.rest()
        let whole = Transcript(wire, cutEvery: wire.count, role: role, deflate: deflate, delivery: .whole)
        for delivery in [WebSocketSession.Delivery.whole, .streamed] {
            let cut = Transcript(wire, cutEvery: step, role: role, deflate: deflate, delivery: delivery)
            try require(whole == cut, "whole: \(whole)\ncut every \(step), \(delivery): \(cut)")
        }
    }
}

/// What a session said, in a form that does not depend on how the bytes were cut.
struct Transcript: Equatable {
    enum Line: Equatable {
        case message(Opcode, [UInt8])
        case ping([UInt8])
        case pong([UInt8])
        case close(CloseCode?, String)
    }

    var lines: [Line] = []
    /// The close code of the violation. Without compression only: how far a message inflates before it is found to be
    /// too long, or no text, depends on the cut.
    var failure: UInt16?

    init(
        _ wire: [UInt8],
        cutEvery step: Int,
        role: Role,
        deflate: PerMessageDeflate?,
        delivery: WebSocketSession.Delivery
    ) {
        let limits = WebSocketLimits(maxMessage: FrameProperties.limit)
        var session = WebSocketSession(role: role, limits: limits, deflate: deflate, delivery: delivery)
        var collected: [UInt8] = []
        var rest = wire[...]
        while !rest.isEmpty {
            // A copy of its own: the session changes the bytes in place.
            var buffer = ByteBuffer(bytes: rest.prefix(step))
            rest = rest.dropFirst(step)
            do throws(WebSocketError) {
                while let event = try session.next(from: &buffer) {
                    switch event {
                    case .chunk(let chunk, let opcode, let isFirst, let isFinal):
                        precondition(!isFirst || collected.isEmpty)
                        collected += chunk.readableBytesView
                        precondition(collected.count <= limits.maxMessage)
                        if isFinal {
                            lines.append(.message(opcode, collected))
                            collected = []
                        }
                    case .message(let message, let opcode):
                        precondition(message.readableBytes <= limits.maxMessage)
                        lines.append(.message(opcode, Array(message.readableBytesView)))
                    case .ping(let payload): lines.append(.ping(Array(payload.readableBytesView)))
                    case .pong(let payload): lines.append(.pong(Array(payload.readableBytesView)))
                    case .close(let code, let reason):
                        lines.append(.close(code, reason))
                        _ = session.close(code: code)
                    }
                }
            } catch {
                _ = session.fail(error)
                failure = deflate == nil ? error.closeCode.rawValue : 0
                return
            }
        }
    }
}
