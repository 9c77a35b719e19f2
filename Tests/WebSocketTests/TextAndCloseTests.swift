import NIOCore
import Testing

@testable import WebSocket

@Suite("Text must be UTF-8")
struct TextTests {
    static let valid: [[UInt8]] = [
        [], Array("Hello-µ@ßöäüàá-UTF-8!!".utf8), Array("κόσμε".utf8), [0x00], [0x7F], [0xC2, 0x80], [0xDF, 0xBF],
        [0xE0, 0xA0, 0x80], [0xED, 0x9F, 0xBF], [0xEE, 0x80, 0x80], [0xEF, 0xBF, 0xBF], [0xEF, 0xBF, 0xBD],
        [0xF0, 0x90, 0x80, 0x80], [0xF4, 0x8F, 0xBF, 0xBF], [0xF1, 0x80, 0x80, 0x80],
        Array(String(repeating: "a", count: 63).utf8) + [0xC3, 0xA4] + Array(String(repeating: "b", count: 40).utf8),
    ]
    /// The bytes, and how many of them a validator may take before it must refuse (nil: only at the end).
    static let invalid: [([UInt8], Int?)] = [
        ([0x80], 1), ([0xBF], 1), ([0x61, 0x80, 0xBF], 2), ([0xC0, 0xAF], 1), ([0xC1, 0xBF], 1), ([0xFE], 1),
        ([0xFF], 1), ([0xF5, 0x80, 0x80, 0x80], 1), ([0xE0, 0x80, 0xAF], 2), ([0xE0, 0x9F, 0xBF], 2),
        ([0xF0, 0x80, 0x80, 0xAF], 2), ([0xF0, 0x8F, 0xBF, 0xBF], 2), ([0xED, 0xA0, 0x80], 2),
        ([0xED, 0xBF, 0xBF], 2), ([0xF4, 0x90, 0x80, 0x80], 2), ([0xF8, 0x88, 0x80, 0x80, 0x80], 1),
        ([0xC3], nil), ([0xE2, 0x82], nil), ([0xF0, 0x9F, 0x98], nil), ([0xC3, 0x28], 2), ([0xE2, 0x28, 0xA1], 2),
        (Array("Hello-µ@ßöäüàá".utf8) + [0xED, 0xA0, 0x80, 0x65], 23),
        ([UInt8](repeating: 0x61, count: 70) + [0xFF] + [UInt8](repeating: 0x61, count: 70), 71),
    ]

    @Test("valid text passes, whole and byte by byte", arguments: valid)
    func passes(_ bytes: [UInt8]) {
        #expect(String(validating: bytes, as: UTF8.self) != nil)
        #expect(hear([frame(1, bytes)]) == [.message(.text, bytes)])
        #expect(hear(oneByOne(frame(1, bytes))) == [.message(.text, bytes)])
    }

    @Test("invalid text is 1007, and refused at the first byte that can't be right", arguments: invalid)
    func refuses(_ bytes: [UInt8], _ at: Int?) {
        #expect(hear([frame(1, bytes)]) == [.failed(1007)])
        #expect(hear(oneByOne(frame(1, bytes))).last == .failed(1007))
        guard let at else { return }
        var validator = UTF8Validator()
        #expect(bytes[..<(at - 1)].withUnsafeBytes { validator.accept($0) })
        #expect(!bytes[(at - 1)..<at].withUnsafeBytes { validator.accept($0) })
    }

    @Test("a character may be cut by frames, not by the end of the message")
    func cutByFrames() {
        #expect(
            hear([frame(1, [0xE2], fin: false) + frame(0, [0x82], fin: false) + frame(0, [0xAC])])
                == [.message(.text, [0xE2, 0x82, 0xAC])]
        )
        #expect(hear([frame(1, [0xE2], fin: false) + frame(0, [0x82])]) == [.failed(1007)])
        #expect(hear([frame(1, [0xE2], fin: false) + frame(0, [])]) == [.failed(1007)])
    }

    @Test("random bytes are judged as the standard library judges them")
    func agrees() {
        var random = SeededGenerator(state: 7)
        let alphabet: [UInt8] = [0x20, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC2, 0xE0, 0xED, 0xEF, 0xF0, 0xF4]
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...6, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
            var validator = UTF8Validator()
            let accepted = bytes.withUnsafeBytes { validator.accept($0) } && validator.isComplete
            #expect(accepted == (String(validating: bytes, as: UTF8.self) != nil), "\(bytes)")
        }
    }

    @Test("binary messages are not looked at")
    func binary() {
        #expect(hear([frame(2, [0xFF, 0xFE])]) == [.message(.binary, [0xFF, 0xFE])])
    }
}

@Suite("The close handshake of a session")
struct CloseTests {
    @Test(
        "codes that may be on the wire",
        arguments: [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]
            as [UInt16]
    )
    func validCodes(_ code: UInt16) {
        #expect(hear([frame(8, closePayload(code, Array("bye".utf8)))]) == [.close(code, "bye")])
        #expect(CloseCode(rawValue: code).mayBeSent)
    }

    @Test(
        "codes that may not",
        arguments: [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] as [UInt16]
    )
    func invalidCodes(_ code: UInt16) {
        #expect(hear([frame(8, closePayload(code))]) == [.failed(1002)])
        #expect(!CloseCode(rawValue: code).mayBeSent)
    }

    @Test("payloads: none, one byte, a reason of 123 bytes, a reason that is not UTF-8")
    func payloads() {
        #expect(hear([frame(8)]) == [.close(nil, "")])
        #expect(hear([frame(8, [3])]) == [.failed(1002)])
        let long = [UInt8](repeating: 0x2A, count: 123)
        #expect(hear([frame(8, closePayload(1000, long))]) == [.close(1000, String(repeating: "*", count: 123))])
        #expect(hear([frame(8, closePayload(1000, [0xCE, 0xBA, 0xFF]))]) == [.failed(1007)])
        #expect(hear([frame(8, closePayload(1000, [0xCE]))]) == [.failed(1007)])
    }

    @Test("what comes after a close frame is ignored, even where it is wrong")
    func afterClose() {
        #expect(hear([frame(8) + text("late") + [0xFF, 0xFF]]) == [.close(nil, "")])
        #expect(hear([frame(8), [0xFF, 0xFF]]) == [.close(nil, "")])
    }

    @Test("a close inside a fragmented message ends it")
    func insideMessage() {
        #expect(hear([text("a", fin: false) + frame(8, closePayload(1000))], delivery: .whole) == [.close(1000, "")])
    }

    @Test("after our close frame the peer's messages still come in, until its own")
    func halfClosed() throws {
        var session = WebSocketSession(role: .server)
        let ours = session.close(code: .normal, reason: "done")
        #expect(ours == ByteBuffer(bytes: [0x88, 6, 3, 0xE8] + Array("done".utf8)))
        #expect(session.state == .closeSent)
        #expect(session.close(code: .normal) == nil)
        #expect(!session.canSend)
        var bytes = ByteBuffer(bytes: text("still here") + frame(8, closePayload(1000)) + text("never"))
        #expect(try session.next(from: &bytes) == .message(ByteBuffer(string: "still here"), opcode: .text))
        #expect(try session.next(from: &bytes) == .close(.normal, reason: ""))
        #expect(try session.next(from: &bytes) == nil)
        #expect(session.state == .closed)
        #expect(bytes.readableBytes == 0)
    }

    @Test("after the peer's close frame ours may wait while messages go out")
    func peerFirst() throws {
        var session = WebSocketSession(role: .server)
        var bytes = ByteBuffer(bytes: frame(8, closePayload(4001)))
        #expect(try session.next(from: &bytes) == .close(CloseCode(rawValue: 4001), reason: ""))
        #expect(session.state == .closeReceived)
        #expect(session.canSend)
        #expect(session.close(code: nil) == ByteBuffer(bytes: [0x88, 0]))
        #expect(session.state == .closed)
        #expect(!session.canSend)
    }

    @Test("a violation makes one close frame with its code, and none after one was sent")
    func failure() throws {
        var session = WebSocketSession(role: .server)
        let error = WebSocketError(closeCode: .protocolError, reason: "no")
        #expect(session.fail(error) == ByteBuffer(bytes: [0x88, 4, 3, 0xEA] + Array("no".utf8)))
        #expect(session.fail(error) == nil)
        var other = WebSocketSession(role: .server)
        _ = other.close(code: .normal)
        #expect(other.fail(error) == nil)
        #expect(other.state == .failed)
    }

    @Test("a reason is cut at the end of a character to fit in 123 bytes")
    func longReason() {
        let payload = FrameEncoder.closePayload(code: .normal, reason: "a" + String(repeating: "é", count: 100))
        #expect(payload.readableBytes == 2 + 1 + 122)
        let emoji = FrameEncoder.closePayload(code: .normal, reason: String(repeating: "😀", count: 100))
        #expect(emoji.readableBytes == 2 + 120)
    }
}
