import JSONDelta
import NIOCore
import Testing
import WebSocket

@testable import Topics

/// A subscriber with a socket, as the WebSockets of the gateway are.
private final class SocketSink: SubscriberSink {
    let peer: SocketUnderTest
    var subscription: Subscription?
    /// Deliveries that were made to this one alone.
    private(set) var ownDeliveries = 0
    private var bytes: [UInt8] = []

    init() throws {
        peer = try SocketUnderTest()
        peer.onReady = { [unowned self] in self.subscription?.sinkBecameReady() }
    }

    var socket: WebSocketHandler? { peer.handler }
    var isReady: Bool { socket.map { $0.isWritable && $0.isDrained } ?? false }

    func deliver(_ delivery: Delivery) {
        ownDeliveries += 1
        if case .wire(let frames) = delivery.body { socket?.sendShared(frames) }
    }

    /// Reads what has come so far, and the document that it makes of it.
    func document() throws -> String? {
        bytes += try peer.received() + peer.given()
        var rest = ByteBuffer(bytes: bytes)
        var document: JSONDocument?
        while let first = rest.readInteger(as: UInt8.self), let short = rest.readInteger(as: UInt8.self) {
            #expect(first == 0x81)
            var length = Int(short)
            if length == 126 { length = Int(rest.readInteger(as: UInt16.self) ?? 0) }
            let payload = rest.readBytes(length: length)
            let text = try #require(payload)
            if let held = document, text.first == UInt8(ascii: "[") {
                document = try held.applying(patch: text)
            } else {
                document = try JSONDocument(parsing: text)
            }
        }
        return document.map { String(decoding: $0.bytes, as: UTF8.self) }
    }
}

@Suite("Subscribers in step are served together, and each gets every version right") struct InStepTests {
    let patches = DeliveryFormat(mode: .patch, envelope: .bare)
    let long = (0..<50).map { "\"member\($0)\":\($0)" }.joined(separator: ",")

    private func text(_ x: Int) -> String { "{\(long),\"x\":\(x)}" }

    private func subscribers(_ count: Int, _ fixture: TopicFixture) async throws -> [SocketSink] {
        let sinks = try (0..<count).map { _ in try SocketSink() }
        for sink in sinks { sink.subscription = try fixture.shard().subscribe(sink, format: patches) }
        try fixture.answer(text(0))
        try await fixture.settle { sinks.allSatisfy { $0.ownDeliveries == 1 } }
        return sinks
    }

    @Test(
        "from its first delivery on a subscriber is in step, and what it gets are patches that fit",
        .timeLimit(.minutes(1))
    )
    func inStep() async throws {
        let fixture = TopicFixture()
        let sinks = try await subscribers(12, fixture)
        for x in 1...5 {
            try fixture.answer(text(x))
            for sink in sinks { #expect(try sink.document() == text(x)) }
        }
        for sink in sinks {
            #expect(sink.subscription?.isInStep == true)
            #expect(sink.ownDeliveries == 1)
        }
        #expect(fixture.metrics.deliveriesByKind == [.snapshot: 12, .patch: 60])
        #expect(fixture.metrics.conflated.load(ordering: .relaxed) == 0)
    }

    @Test(
        "one that is slow leaves the step, gets one patch to the newest version, and comes back",
        .timeLimit(.minutes(1))
    )
    func slow() async throws {
        let fixture = TopicFixture()
        let sinks = try await subscribers(12, fixture)
        for x in 1...2 { try fixture.answer(text(x)) }
        let slow = sinks[4]
        // The kernel takes no more, and neither does the channel.
        _ = try slow.document()
        slow.peer.fill()
        slow.peer.gate.isClosed = true
        for x in 3...9 { try fixture.answer(text(x)) }
        #expect(slow.subscription?.isInStep == false)
        for sink in sinks where sink !== slow { #expect(try sink.document() == text(9)) }
        // It drains: what filled it is read and forgotten, what was held back goes out.
        while !slow.peer.received().isEmpty {}
        try slow.peer.open()
        #expect(try slow.document() == text(3))
        try await fixture.settle {
            slow.isReady && slow.subscription?.position.held == slow.shard?.revision?.document.id
        }
        #expect(try slow.document() == text(9))
        for x in 10...13 { try fixture.answer(text(x)) }
        #expect(slow.subscription?.isInStep == true)
        for sink in sinks { #expect(try sink.document() == text(13)) }
        #expect(fixture.metrics.conflated.load(ordering: .relaxed) > 0)
    }

    @Test("who leaves takes nobody's place", .timeLimit(.minutes(1)))
    func leaving() async throws {
        let fixture = TopicFixture()
        let sinks = try await subscribers(12, fixture)
        for x in 1...2 { try fixture.answer(text(x)) }
        for index in [0, 11, 5, 6] { sinks[index].subscription?.cancel() }
        let newcomer = try SocketSink()
        newcomer.subscription = try fixture.shard().subscribe(newcomer, format: patches)
        try await fixture.settle { newcomer.ownDeliveries == 1 }
        for x in 3...5 { try fixture.answer(text(x)) }
        for (index, sink) in sinks.enumerated() {
            #expect(try sink.document() == text([0, 11, 5, 6].contains(index) ? 2 : 5))
        }
        #expect(try newcomer.document() == text(5))
        #expect(fixture.metrics.subscribers.load(ordering: .relaxed) == 9)
    }

    @Test("a version that is the one before once more is nothing to send", .timeLimit(.minutes(1)))
    func same() async throws {
        let fixture = TopicFixture()
        let sinks = try await subscribers(9, fixture)
        for x in [1, 2, 1, 2, 2, 1] { try fixture.answer(text(x)) }
        for sink in sinks { #expect(try sink.document() == text(1)) }
    }

    @Test("what one connection's end sets off goes behind the rest of a version at the others", .timeLimit(.minutes(1)))
    func endInBetween() async throws {
        let fixture = TopicFixture()
        let whole = DeliveryFormat(mode: .snapshot, envelope: .bare)
        let sinks = try (0..<9).map { _ in try SocketSink() }
        for sink in sinks { sink.subscription = try fixture.shard().subscribe(sink, format: whole) }
        try fixture.answer("0")
        try await fixture.settle { sinks.allSatisfy { $0.ownDeliveries == 1 } }
        for sink in sinks { _ = try sink.peer.everything() }
        let (other, another) = (sinks[3], sinks[4])
        let news = ByteBuffer(bytes: [0x81, 3] + Array("off".utf8))
        other.peer.gate.onFlush = { [unowned other] in
            other.peer.gate.onFlush = {}
            another.socket?.sendShared(news)
        }
        // More than any of the sockets takes at once.
        let text = "\"" + String(repeating: "x", count: 3_000_000) + "\""
        try fixture.answer(text)
        let version = Array(FrameEncoder.frame(opcode: .text, payload: ByteBuffer(string: text)).readableBytesView)
        for (index, sink) in sinks.enumerated() {
            #expect(sink.ownDeliveries == 1)
            #expect(try sink.peer.everything() == version + (index == 4 ? Array(news.readableBytesView) : []))
        }
    }
}

extension SocketSink {
    fileprivate var shard: TopicShard? { subscription?.shard }
}
