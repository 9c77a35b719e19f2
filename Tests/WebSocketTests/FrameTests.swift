import NIOCore
import Testing

@testable import WebSocket

@Suite("Frames are cut out of the bytes and checked")
struct FrameTests {
    static let boundaries = [0, 1, 2, 3, 4, 7, 8, 9, 63, 64, 65, 125, 126, 127, 128, 65535, 65536, 65537]

    @Test("a payload of every boundary length arrives, whole and byte by byte", arguments: boundaries)
    func lengths(_ length: Int) {
        let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let bytes = frame(2, payload)
        #expect(hear([bytes]) == [.message(.binary, payload)])
        #expect(hear(oneByOne(bytes)) == [.message(.binary, payload)])
        #expect(hear([bytes], delivery: .whole) == [.message(.binary, payload)])
        #expect(hear(oneByOne(bytes), delivery: .whole) == [.message(.binary, payload)])
    }

    @Test("what one end encodes the other end reads, in both directions", arguments: boundaries)
    func roundTrip(_ length: Int) throws {
        let payload = ByteBuffer(bytes: (0..<length).map { UInt8(truncatingIfNeeded: $0) })
        for (sender, receiver) in [(Role.client, Role.server), (.server, .client)] {
            var session = WebSocketSession(role: sender)
            let message = try session.encode(payload, opcode: .binary)
            let bytes =
                Array(message.frame.readableBytesView) + (message.payload.map { Array($0.readableBytesView) } ?? [])
            #expect(hear([bytes], role: receiver) == [.message(.binary, Array(payload.readableBytesView))])
        }
    }

    @Test("lengths are written in their shortest form", arguments: [(125, 2), (126, 4), (65535, 4), (65536, 10)])
    func headerLength(_ length: Int, _ header: Int) {
        #expect(FrameEncoder.headerLength(payloadLength: length, masked: false) == header)
        let encoded = FrameEncoder.frame(opcode: .binary, payload: ByteBuffer(repeating: 1, count: length))
        #expect(encoded.readableBytes == header + length)
        #expect(FrameEncoder.frame(opcode: .binary, payload: [UInt8](repeating: 1, count: length)) == encoded)
    }

    @Test("a server's large message leaves as a header and the payload itself")
    func noCopy() throws {
        var session = WebSocketSession(role: .server)
        let payload = ByteBuffer(repeating: 0x41, count: 100_000)
        let message = try session.encode(payload, opcode: .text)
        #expect(message.frame == ByteBuffer(bytes: [0x81, 127, 0, 0, 0, 0, 0, 1, 0x86, 0xA0]))
        #expect(message.payload == payload)
    }

    @Test("a payload is unmasked whatever the offset at which it is cut")
    func maskOffsets() {
        let payload = (0..<300).map { UInt8(truncatingIfNeeded: $0) }
        let bytes = frame(2, payload)
        for cut in 0...bytes.count {
            #expect(hear([Array(bytes[..<cut]), Array(bytes[cut...])]) == [.message(.binary, payload)])
        }
    }

    @Test("the example frames of RFC 6455 section 5.7")
    func examples() {
        let hello = Array("Hello".utf8)
        #expect(
            hear([[0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F]], role: .client) == [.message(.text, hello)]
        )
        #expect(
            hear([[0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]]) == [.message(.text, hello)]
        )
        #expect(
            hear([[0x01, 0x03, 0x48, 0x65, 0x6C], [0x80, 0x02, 0x6C, 0x6F]], role: .client)
                == [.message(.text, hello)]
        )
        #expect(hear([[0x89, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F]], role: .client) == [.ping(hello)])
    }

    struct Violation: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        var role = Role.server
        var code: UInt16 = 1002
    }

    static let violations: [Violation] = {
        var list = [
            Violation(testDescription: "RSV1 without an extension", bytes: frame(1, [1], rsv: 4)),
            Violation(testDescription: "RSV2", bytes: frame(1, [1], rsv: 2)),
            Violation(testDescription: "RSV3", bytes: frame(1, [1], rsv: 1)),
            Violation(testDescription: "RSV3 on a ping", bytes: frame(9, [], rsv: 1)),
            Violation(testDescription: "no mask from a client", bytes: frame(1, [65], mask: nil)),
            Violation(testDescription: "a mask from a server", bytes: frame(1, [65]), role: .client),
            Violation(testDescription: "a ping of 126 bytes", bytes: frame(9, [UInt8](repeating: 0, count: 126))),
            Violation(testDescription: "a close of 126 bytes", bytes: frame(8, [UInt8](repeating: 0, count: 126))),
            Violation(testDescription: "a fragmented ping", bytes: frame(9, [], fin: false)),
            Violation(testDescription: "a fragmented close", bytes: frame(8, [], fin: false)),
            Violation(testDescription: "a continuation of nothing", bytes: frame(0, [1])),
            Violation(testDescription: "a continuation of nothing, not final", bytes: frame(0, [1], fin: false)),
            Violation(testDescription: "a text inside a message", bytes: text("a", fin: false) + text("b")),
            Violation(testDescription: "a continuation after the end", bytes: text("a") + frame(0, [1])),
            Violation(testDescription: "5 in 16 bits", bytes: [0x82, 0xFE, 0, 5, 0, 0, 0, 0, 1, 2, 3, 4, 5]),
            Violation(testDescription: "125 in 16 bits", bytes: [0x82, 0xFE, 0, 125]),
            Violation(testDescription: "65535 in 64 bits", bytes: [0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]),
            Violation(testDescription: "0 in 64 bits", bytes: [0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0]),
            Violation(testDescription: "the 64th bit", bytes: [0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0]),
            Violation(
                testDescription: "2^63 - 1 bytes",
                bytes: [0x82, 0xFF, 0x7F] + [UInt8](repeating: 0xFF, count: 7),
                code: 1009
            ),
            Violation(testDescription: "limit + 1", bytes: [0x82, 0xFF, 0, 0, 0, 0, 0, 0x10, 0, 1], code: 1009),
        ]
        for opcode: UInt8 in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
            list.append(Violation(testDescription: "opcode \(opcode)", bytes: frame(opcode, [])))
            list.append(
                Violation(testDescription: "opcode \(opcode), not final", bytes: frame(opcode, [1], fin: false))
            )
        }
        return list
    }()

    @Test("a violation fails the connection, however it arrives", arguments: violations)
    func violation(_ violation: Violation) {
        // A valid message before it is delivered all the same.
        let before = frame(2, [1, 2, 3], mask: violation.role == .server ? [1, 2, 3, 4] : nil)
        let expected: Heard = .failed(violation.code)
        for pieces in [[before + violation.bytes], [before] + oneByOne(violation.bytes)] {
            let heard = hear(pieces, role: violation.role)
            #expect(heard.first == .message(.binary, [1, 2, 3]))
            #expect(heard.last == expected)
        }
    }

    @Test("a violation is seen at the byte that makes it one, without waiting for the rest")
    func failsFast() {
        #expect(hear([[0x83]]) == [.failed(1002)])
        #expect(hear([[0x81, 0x05]]) == [.failed(1002)])
        #expect(hear([[0x88, 0xFE]]) == [.failed(1002)])
        #expect(hear([[0x82, 0xFF, 0x80]]) == [.failed(1002)])
    }

    @Test("control frames between the fragments of a message are heard at once and leave it whole")
    func interleaved() {
        let bytes =
            text("He", fin: false) + frame(9, [1]) + frame(0, [], fin: false) + frame(10, [2])
            + frame(0, Array("llo".utf8))
        let expected: [Heard] = [.ping([1]), .pong([2]), .message(.text, Array("Hello".utf8))]
        #expect(hear([bytes]) == expected)
        #expect(hear(oneByOne(bytes), delivery: .whole) == expected)
    }

    @Test("the sum of a message's frames counts against the message limit")
    func messageLimit() {
        let limits = WebSocketLimits(maxFrame: 10, maxMessage: 15)
        let fits = frame(2, [UInt8](repeating: 1, count: 10), fin: false) + frame(0, [UInt8](repeating: 1, count: 5))
        #expect(hear([fits + fits], limits: limits).count == 2)
        let over = frame(2, [UInt8](repeating: 1, count: 10), fin: false) + frame(0, [UInt8](repeating: 1, count: 6))
        #expect(hear([Array(over.dropLast(6))], limits: limits).last == .failed(1009))
        #expect(hear([frame(2, [UInt8](repeating: 1, count: 11))], limits: limits) == [.failed(1009)])
    }

    @Test("without a message limit any number of frames of any length may follow each other")
    func unlimited() {
        let limits = WebSocketLimits(maxMessage: .max)
        let huge: [UInt8] = [0x02, 0xFF, 0x7F] + [UInt8](repeating: 0xFF, count: 7) + [0, 0, 0, 0] + [9, 9]
        #expect(hear([huge], limits: limits) == [.unfinished(.binary, [9, 9])])
    }

    @Test("a chunk of a message is handed on before the frame is complete")
    func streams() {
        let bytes = frame(2, [UInt8](repeating: 7, count: 1000))
        #expect(hear([Array(bytes[..<508])]) == [.unfinished(.binary, [UInt8](repeating: 7, count: 500))])
    }

    @Test("random messages cut at random places give the same events", arguments: 0..<40)
    func randomCuts(_ seed: Int) {
        var random = SeededGenerator(state: UInt64(seed))
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 1...12, using: &random) {
            let length = [0, 1, 5, 125, 126, 127, 300, 70_000].randomElement(using: &random) ?? 0
            let payload = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            let mask = (0..<4).map { _ in UInt8.random(in: 0...255, using: &random) }
            let split = Int.random(in: 0...length, using: &random)
            bytes += frame(2, Array(payload[..<split]), fin: false, mask: mask)
            if Bool.random(using: &random) { bytes += frame(9, Array(payload.prefix(125)), mask: mask) }
            bytes += frame(0, Array(payload[split...]), mask: mask)
        }
        let expected = hear([bytes])
        var pieces: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = min(
                rest.count,
                Int.random(in: 1...[3, 50, 5000].randomElement(using: &random)!, using: &random)
            )
            pieces.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        #expect(hear(pieces) == expected)
        #expect(hear(pieces, delivery: .whole) == expected)
    }

    @Test("damaged frames and noise end in events or one failure, never in a crash", arguments: [false, true])
    func noise(_ compressed: Bool) throws {
        var random = SeededGenerator(state: 99)
        let deflate = compressed ? PerMessageDeflate() : nil
        let good = frame(
            1,
            try compress([UInt8](repeating: 0x61, count: 300)),
            rsv: compressed ? 4 : 0
        )
        for _ in 0..<3000 {
            var bytes =
                good + frame(9, [1, 2, 3]) + frame(2, [4, 5], fin: false) + frame(0, [6]) + frame(8, [3, 0xE8])
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let whole = hear([bytes], deflate: deflate)
            #expect(hear(oneByOne(bytes), deflate: deflate) == whole)
        }
    }
}
