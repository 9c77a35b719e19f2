import CZlib
import NIOCore
import Testing

@testable import WebSocket

@Suite("permessage-deflate (RFC 7692)")
struct DeflateTests {
    static let hello = Array("Hello".utf8)

    struct Example: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let messages: [[UInt8]]
    }

    /// RFC 7692 §7.2.3, from a server to a client.
    static let examples: [Example] = [
        Example(
            testDescription: "one block",
            bytes: [0xC1, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00],
            messages: [hello]
        ),
        Example(
            testDescription: "fragmented",
            bytes: [0x41, 0x03, 0xF2, 0x48, 0xCD, 0x80, 0x04, 0xC9, 0xC9, 0x07, 0x00],
            messages: [hello]
        ),
        Example(
            testDescription: "shared window",
            bytes: [
                0xC1, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0xC1, 0x05, 0xF2, 0x00, 0x11, 0x00, 0x00,
            ],
            messages: [hello, hello]
        ),
        Example(
            testDescription: "block without compression",
            bytes: [0xC1, 0x0B, 0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00],
            messages: [hello]
        ),
        Example(
            testDescription: "BFINAL set, and the window kept after it",
            bytes: [
                0xC1, 0x08, 0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00, 0xC1, 0x05, 0xF2, 0x00, 0x11, 0x00, 0x00,
            ],
            messages: [hello, hello]
        ),
        Example(
            testDescription: "two blocks",
            bytes: [0xC1, 0x0D, 0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00],
            messages: [hello]
        ),
        Example(testDescription: "empty", bytes: [0xC1, 0x01, 0x00], messages: [[]]),
        Example(
            testDescription: "a plain message between compressed ones",
            bytes: [
                0xC1, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x81, 0x01, 0x41, 0xC1, 0x05, 0xF2, 0x00, 0x11,
                0x00, 0x00,
            ],
            messages: [hello, [0x41], hello]
        ),
        Example(
            testDescription: "empty first frame",
            bytes: [0x41, 0, 0x00, 0, 0x80, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00],
            messages: [hello]
        ),
        Example(
            testDescription: "empty last frame",
            bytes: [0x41, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x80, 0],
            messages: [hello]
        ),
    ]

    @Test("the examples of section 7.2.3", arguments: examples, [WebSocketSession.Delivery.streamed, .whole])
    func inflatesExample(_ example: Example, _ delivery: WebSocketSession.Delivery) {
        let expected = example.messages.map { Heard.message(.text, $0) }
        let agreed = PerMessageDeflate()
        #expect(hear([example.bytes], role: .client, deflate: agreed, delivery: delivery) == expected)
        #expect(hear(oneByOne(example.bytes), role: .client, deflate: agreed, delivery: delivery) == expected)
    }

    @Test("the compressor gives the bytes of the examples")
    func compresses() throws {
        #expect(try compress(Self.hello) == [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00])
        #expect(try compress([]) == [0x00])
        let deflater = try RawDeflater(windowBits: 15, settings: CompressionSettings())
        var output = ByteBuffer()
        for _ in 0..<2 { try deflater.compressMessage(ByteBuffer(bytes: Self.hello), into: &output) }
        for _ in 0..<2 { try deflater.compressMessage(ByteBuffer(), into: &output) }
        #expect(
            Array(output.readableBytesView)
                == [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0xF2, 0x00, 0x11, 0x00, 0x00, 0x00, 0x00]
        )
    }

    @Test("control frames may stand between compressed fragments, and are never compressed")
    func control() {
        let bytes: [UInt8] = [
            0x41, 0x03, 0xF2, 0x48, 0xCD, 0x89, 0x01, 0x21, 0x80, 0x04, 0xC9, 0xC9, 0x07, 0x00,
        ]
        #expect(
            hear([bytes], role: .client, deflate: PerMessageDeflate(), delivery: .whole)
                == [.ping([0x21]), .message(.text, Self.hello)]
        )
        #expect(hear([[0xC9, 0x00]], role: .client, deflate: PerMessageDeflate()) == [.failed(1002)])
        #expect(
            hear([[0x41, 0x00, 0xC0, 0x01, 0x00]], role: .client, deflate: PerMessageDeflate()).last == .failed(1002)
        )
    }

    @Test("what does not inflate is 1007")
    func garbage() {
        let agreed = PerMessageDeflate()
        #expect(hear([[0xC2, 0x02, 0xFF, 0xFF]], role: .client, deflate: agreed) == [.failed(1007)])
        // Nothing at all: the empty block that §7.2.2 appends has its first bits in the byte before.
        #expect(hear([[0xC1, 0x00]], role: .client, deflate: agreed) == [.failed(1007)])
        // A stored block that promises 5 bytes and holds 2.
        #expect(
            hear([[0xC2, 0x07, 0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65]], role: .client, deflate: agreed).last
                == .failed(1007)
        )
        // A reference to before the first byte.
        #expect(hear([[0xC1, 0x05, 0xF2, 0x00, 0x11, 0x00, 0x00]], role: .client, deflate: agreed) == [.failed(1007)])
        // UTF-8 is checked after inflating.
        let invalid = FrameEncoder.frame(
            opcode: .text,
            rsv1: true,
            payload: [0x00, 0x01, 0x00, 0xFE, 0xFF, 0xFF, 0x00]
        )
        #expect(hear([Array(invalid.readableBytesView)], role: .client, deflate: agreed) == [.failed(1007)])
    }

    @Test("without takeover a message can't refer to the one before")
    func noTakeover() {
        let bytes = Self.examples[2].bytes
        let agreed = PerMessageDeflate(incomingTakeover: false)
        #expect(
            hear([bytes], role: .client, deflate: agreed) == [.message(.text, Self.hello), .failed(1007)]
        )
    }

    @Test("a bomb is 1009 at the limit, and costs one piece of memory at a time")
    func bomb() throws {
        let zeros = ByteBuffer(repeating: 0, count: 100 << 20)
        let compressed = try SharedCompressor.compress(zeros)
        #expect(compressed.readableBytes < 200_000)
        let bytes = FrameEncoder.frame(opcode: .binary, rsv1: true, payload: compressed)
        var session = WebSocketSession(
            role: .client,
            limits: WebSocketLimits(maxMessage: 1 << 20),
            deflate: PerMessageDeflate(),
            delivery: .streamed
        )
        var buffer = bytes
        var received = 0
        var largest = 0
        #expect(throws: WebSocketError.self) {
            while let event = try session.next(from: &buffer) {
                guard case .chunk(let chunk, _, _, _) = event else { continue }
                received += chunk.readableBytes
                largest = max(largest, chunk.capacity)
            }
        }
        #expect(received <= 1 << 20)
        #expect(largest <= RawInflater.chunkSize)
        #expect(
            hear([Array(bytes.readableBytesView)], role: .client, deflate: PerMessageDeflate(), delivery: .whole)
                == [.failed(1009)]
        )
    }

    @Test(
        "sessions understand each other with every window and takeover",
        arguments: 8...15,
        [(true, true), (false, false)]
    )
    func roundTrip(_ bits: Int, _ takeover: (Bool, Bool)) throws {
        var settings = CompressionSettings()
        settings.threshold = 0
        let serverSide = PerMessageDeflate(
            outgoingTakeover: takeover.0,
            outgoingWindowBits: bits,
            incomingTakeover: takeover.1,
            settings: settings
        )
        var server = WebSocketSession(role: .server, deflate: serverSide)
        var client = WebSocketSession(role: .client, deflate: serverSide)
        var random = SeededGenerator(state: UInt64(bits))
        for round in 0..<30 {
            let length = [0, 1, 300, 5000, 70_000].randomElement(using: &random) ?? 0
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...(round % 2 == 0 ? 3 : 255), using: &random) }
            let payload = ByteBuffer(bytes: bytes)
            for direction in 0..<2 {
                let message =
                    direction == 0
                    ? try server.encode(payload, opcode: .binary) : try client.encode(payload, opcode: .binary)
                var wire = message.frame
                if let rest = message.payload { wire.writeImmutableBuffer(rest) }
                let event = direction == 0 ? try client.next(from: &wire) : try server.next(from: &wire)
                #expect(event == .message(payload, opcode: .binary))
            }
        }
    }

    @Test("what we compress for a window of 256 bytes inflates with a window of 256 bytes")
    func smallestWindow() throws {
        var random = SeededGenerator(state: 3)
        let message = (0..<200_000).map { _ in UInt8.random(in: 0...2, using: &random) }
        var input = ByteBuffer(bytes: try compress(message, windowBits: 8))
        let inflater = try RawInflater(windowBits: 8)
        var output: [UInt8] = []
        while output.count < message.count {
            let (piece, _) = try inflater.inflatePiece(from: &input)
            if piece.readableBytes == 0 { break }
            output += Array(piece.readableBytesView)
        }
        #expect(output == message)
    }

    @Test("messages below the threshold, and those that don't shrink, go out as they are")
    func threshold() throws {
        var session = WebSocketSession(role: .server, deflate: PerMessageDeflate())
        let short = try session.encode(ByteBuffer(repeating: 0x61, count: 255), opcode: .text)
        #expect(short.frame.getInteger(at: 0, as: UInt8.self) == 0x81)
        let long = try session.encode(ByteBuffer(repeating: 0x61, count: 256), opcode: .text)
        #expect(long.frame.getInteger(at: 0, as: UInt8.self) == 0xC1)
        #expect(long.frame.readableBytes < 40)
        var random = SeededGenerator(state: 1)
        let noise = ByteBuffer(bytes: (0..<2000).map { _ in UInt8.random(in: 0...255, using: &random) })
        #expect(try session.encode(noise, opcode: .binary).frame.getInteger(at: 0, as: UInt8.self) == 0x82)
        let shared = try SharedCompressor.frame(opcode: .text, message: ByteBuffer(repeating: 0x61, count: 256))
        #expect(shared == long.frame)
        #expect(
            try SharedCompressor.frame(opcode: .text, message: ByteBuffer(repeating: 0x61, count: 255)) == short.frame
        )
    }
}

@Suite("The negotiation of permessage-deflate")
struct DeflateNegotiationTests {
    static func answer(_ header: String, _ policy: CompressionPolicy) -> (agreed: PerMessageDeflate, header: String)? {
        ExtensionOffer.parse(header).flatMap { DeflateNegotiation.answer($0, policy: policy) }
    }

    static let both = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    static let answers: [(String, CompressionPolicy, String?)] = [
        ("permessage-deflate", .off, nil),
        ("permessage-deflate", .shared, both),
        ("permessage-deflate", .context, "permessage-deflate"),
        ("permessage-deflate; client_max_window_bits", .shared, both),
        ("permessage-deflate; client_max_window_bits", .context, "permessage-deflate"),
        ("permessage-deflate; client_max_window_bits=10", .context, "permessage-deflate"),
        ("permessage-deflate; server_max_window_bits=10", .shared, both + "; server_max_window_bits=10"),
        ("permessage-deflate; server_max_window_bits=8", .context, "permessage-deflate; server_max_window_bits=8"),
        (
            "permessage-deflate; server_max_window_bits=\"12\"", .context,
            "permessage-deflate; server_max_window_bits=12"
        ),
        ("permessage-deflate; server_no_context_takeover", .context, "permessage-deflate; server_no_context_takeover"),
        ("permessage-deflate; client_no_context_takeover", .context, "permessage-deflate; client_no_context_takeover"),
        ("permessage-deflate; unknown, permessage-deflate", .context, "permessage-deflate"),
        ("x-webkit-deflate-frame, permessage-deflate", .context, "permessage-deflate"),
        ("permessage-deflate; server_max_window_bits=7", .context, nil),
        ("permessage-deflate; server_max_window_bits=16", .context, nil),
        ("permessage-deflate; server_max_window_bits=08", .context, nil),
        ("permessage-deflate; server_max_window_bits=+9", .context, nil),
        ("permessage-deflate; server_max_window_bits=1000000000000000000000", .context, nil),
        ("permessage-deflate; server_max_window_bits", .context, nil),
        ("permessage-deflate; client_max_window_bits=7", .context, nil),
        ("permessage-deflate; server_no_context_takeover=1", .context, nil),
        ("permessage-deflate; client_no_context_takeover=true", .context, nil),
        ("permessage-deflate; server_no_context_takeover; server_no_context_takeover", .context, nil),
        ("permessage-deflate; client_max_window_bits; client_max_window_bits=9", .context, nil),
        ("permessage-deflate-x", .context, nil),
        ("", .context, nil),
    ]

    @Test("offers and answers", arguments: answers)
    func offers(_ offer: String, _ policy: CompressionPolicy, _ expected: String?) {
        #expect(Self.answer(offer, policy)?.header == expected)
    }

    @Test("what was agreed on follows from the answer")
    func agreed() throws {
        let shared = try #require(Self.answer("permessage-deflate; server_max_window_bits=9", .shared)).agreed
        #expect(!shared.outgoingTakeover && !shared.incomingTakeover && shared.outgoingWindowBits == 9)
        let context = try #require(
            Self.answer("permessage-deflate; client_max_window_bits=10; server_no_context_takeover", .context)
        ).agreed
        #expect(!context.outgoingTakeover && context.incomingTakeover)
    }

    @Test(
        "a header that breaks the grammar is no list of offers",
        arguments: [
            ";", "a;", "a; =1", "a; b=", "a; b=\"", "a; b=\"x", "a; b=\"x y\"", "a; b=\"\"", "a b", "a; b c", "\"a\"",
            "a; b=\"\\", "a/b", "a; b==1", "ä",
        ]
    )
    func malformed(_ header: String) {
        #expect(ExtensionOffer.parse(header) == nil)
    }

    @Test("lists over several lines, quoted values, empty elements")
    func lists() throws {
        let offers = try #require(ExtensionOffer.parse([" a ; b = \"c\\d\" ,, e", "f;g"]))
        #expect(offers.map(\.description) == ["a; b=cd", "e", "f; g"])
    }

    @Test("a client takes the answers that its offer allows")
    func client() throws {
        func accept(_ header: String) throws -> PerMessageDeflate? {
            try DeflateNegotiation.accept(ExtensionOffer.parse(header) ?? [])
        }
        #expect(try accept("") == nil)
        let plain = try #require(try accept("permessage-deflate"))
        #expect(plain.outgoingTakeover && plain.incomingTakeover)
        let full = try #require(
            try accept(Self.both + "; server_max_window_bits=9; client_max_window_bits=10")
        )
        #expect(!full.outgoingTakeover && !full.incomingTakeover)
        #expect(full.outgoingWindowBits == 10)
        for wrong in [
            "other", "permessage-deflate, permessage-deflate", "permessage-deflate; client_max_window_bits",
            "permessage-deflate; x", "permessage-deflate; server_max_window_bits=16",
        ] {
            #expect(throws: ClientHandshakeError.self, "\(wrong)") { try accept(wrong) }
        }
    }
}
