import NIOCore

@testable import WebSocket

/// A compressed message that stands alone.
func compress(_ message: [UInt8], windowBits: Int = 15) throws -> [UInt8] {
    Array(try SharedCompressor.compress(ByteBuffer(bytes: message), windowBits: windowBits).readableBytesView)
}

/// Frames as a peer would put them on the wire, valid or not.
func frame(
    _ opcode: UInt8,
    _ payload: [UInt8] = [],
    fin: Bool = true,
    rsv: UInt8 = 0,
    mask: [UInt8]? = [0x37, 0xFA, 0x21, 0x3D]
) -> [UInt8] {
    var bytes: [UInt8] = [(fin ? 0x80 : 0) | rsv << 4 | opcode]
    let maskBit: UInt8 = mask == nil ? 0 : 0x80
    switch payload.count {
    case ..<126: bytes.append(maskBit | UInt8(payload.count))
    case ..<65536:
        bytes.append(maskBit | 126)
        bytes += [UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
    default:
        bytes.append(maskBit | 127)
        bytes += (0..<8).reversed().map { UInt8(truncatingIfNeeded: payload.count >> ($0 * 8)) }
    }
    if let mask {
        bytes += mask
        bytes += payload.enumerated().map { $1 ^ mask[$0 % 4] }
    } else {
        bytes += payload
    }
    return bytes
}

func text(_ string: String, fin: Bool = true) -> [UInt8] { frame(1, Array(string.utf8), fin: fin) }

func closePayload(_ code: UInt16, _ reason: [UInt8] = []) -> [UInt8] {
    [UInt8(code >> 8), UInt8(code & 0xFF)] + reason
}

/// What a session said about some bytes: its events in a form that does not depend on how the bytes were cut.
enum Heard: Equatable, CustomStringConvertible {
    case message(Opcode, [UInt8])
    case unfinished(Opcode, [UInt8])
    case ping([UInt8])
    case pong([UInt8])
    case close(UInt16?, String)
    case failed(UInt16)

    var description: String {
        switch self {
        case .message(let opcode, let bytes): "message(\(opcode), \(bytes.count) bytes, \(bytes.prefix(16)))"
        case .unfinished(let opcode, let bytes): "unfinished(\(opcode), \(bytes.count) bytes)"
        case .ping(let bytes): "ping(\(bytes))"
        case .pong(let bytes): "pong(\(bytes))"
        case .close(let code, let reason): "close(\(code.map(String.init) ?? "-"), \(reason))"
        case .failed(let code): "failed(\(code))"
        }
    }
}

/// Gives the pieces to a new session and writes down what it says.
func hear(
    _ pieces: [[UInt8]],
    role: Role = .server,
    limits: WebSocketLimits = WebSocketLimits(),
    deflate: PerMessageDeflate? = nil,
    delivery: WebSocketSession.Delivery = .streamed
) -> [Heard] {
    var session = WebSocketSession(role: role, limits: limits, deflate: deflate, delivery: delivery)
    var heard: [Heard] = []
    var current: (opcode: Opcode, bytes: [UInt8])?
    for piece in pieces {
        var buffer = ByteBuffer(bytes: piece)
        do {
            while let event = try session.next(from: &buffer) {
                switch event {
                case .chunk(let chunk, let opcode, let isFirst, let isFinal):
                    if isFirst { current = (opcode, []) }
                    current?.bytes += Array(chunk.readableBytesView)
                    if isFinal, let whole = current {
                        heard.append(.message(whole.opcode, whole.bytes))
                        current = nil
                    }
                case .message(let message, let opcode):
                    heard.append(.message(opcode, Array(message.readableBytesView)))
                case .ping(let payload): heard.append(.ping(Array(payload.readableBytesView)))
                case .pong(let payload): heard.append(.pong(Array(payload.readableBytesView)))
                case .close(let code, let reason): heard.append(.close(code?.rawValue, reason))
                }
            }
        } catch {
            heard.append(.failed(error.closeCode.rawValue))
            return heard
        }
    }
    if let current { heard.append(.unfinished(current.opcode, current.bytes)) }
    return heard
}

/// The bytes one by one.
func oneByOne(_ bytes: [UInt8]) -> [[UInt8]] { bytes.map { [$0] } }

/// A generator with a seed, so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var value = self.state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
