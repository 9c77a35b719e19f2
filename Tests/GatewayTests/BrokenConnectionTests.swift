import NIOCore
import Testing
import Topics
import WebSocket

@testable import Gateway

@Suite("A connection that breaks while it is being given its first message")
struct BrokenConnectionTests {
    /// Has a document's bytes made, so that those who come later are given them at once.
    private func prepare(_ fixture: GatewayFixture, _ format: DeliveryFormat) async throws {
        let sink = CountingSink()
        let subscription = try fixture.shard().subscribe(sink, format: format)
        let deadline = ContinuousClock.now + .seconds(60)
        while sink.count == 0 {
            try #require(ContinuousClock.now < deadline, "nothing came in time")
            fixture.loop.run()
            await Task.yield()
        }
        subscription.cancel()
    }

    @Test("leaves no subscription behind on a poll route")
    func bare() async throws {
        let fixture = GatewayFixture()
        let format = DeliveryFormat(mode: .snapshot, envelope: .bare)
        try await prepare(fixture, format)
        for breaks in [false, true] {
            let subscriber = DocumentSubscriber(gateway: fixture.gateway, info: fixture.info(.webSocket))
            try fixture.connect(subscriber, breaksAtFlush: breaks)
            subscriber.begin(try fixture.shard(), format: format, since: nil, sender: nil)
            #expect((subscriber.socket == nil) == breaks)
            #expect(fixture.metrics.subscribers.load(ordering: .relaxed) == 1)
        }
    }

    @Test("leaves no subscription behind with pushbridge.v1")
    func version1() async throws {
        let fixture = GatewayFixture()
        try await prepare(fixture, DeliveryFormat(mode: .snapshot, envelope: .version1))
        let service = PollService(metrics: fixture.metrics) { _ in nil }
        let target = try #require(RequestTarget("/t"))
        for breaks in [false, true] {
            let session = fixture.version1()
            try fixture.connect(session, breaksAtFlush: breaks)
            session.begin(
                try fixture.shard(),
                service: service,
                parameters: [:],
                target: target,
                mode: .snapshot,
                since: nil
            )
            #expect((session.socket == nil) == breaks)
            #expect(fixture.metrics.subscribers.load(ordering: .relaxed) == 1)
        }
    }

    @Test("leaves no member behind in a room", arguments: [true, false])
    func room(speaksVersion1: Bool) throws {
        let fixture = GatewayFixture()
        let service = ChannelService(history: 1, maximumRooms: 1)
        let witness = Witness()
        let membership = try fixture.room("/rooms/a", service).enter(witness)
        membership.publish(.text(ByteBuffer(string: "said before")), echo: false)
        let room = try fixture.room("/rooms/a", service)
        if speaksVersion1 {
            let session = fixture.version1()
            try fixture.connect(session, breaksAtFlush: true)
            session.begin(service, room: room)
            #expect(session.socket == nil)
        } else {
            let member = ChannelMember(
                service: service,
                room: room,
                envelope: .bare,
                gateway: fixture.gateway,
                info: fixture.info(.webSocket)
            )
            try fixture.connect(member, breaksAtFlush: true)
            #expect(member.socket == nil)
        }
        // Nobody is left once the witness has gone: an empty room makes place for another.
        #expect(throws: Problem.self) { try fixture.room("/rooms/b", service) }
        membership.leave()
        _ = try fixture.room("/rooms/b", service)
    }
}

private final class CountingSink: SubscriberSink {
    private(set) var count = 0
    var isReady: Bool { true }
    func deliver(_ delivery: Delivery) { count += 1 }
}

/// Hears what is said in a room.
final class Witness: RoomMember {
    private(set) var welcomed: [String] = []
    private(set) var heard: [String] = []
    var form = RoomMessage.Form(envelope: .bare, compression: .perConnection)

    func welcome(_ history: [Delivery.Body]) { welcomed += history.map(text) }
    func deliver(_ body: Delivery.Body) { heard.append(text(body)) }

    private func text(_ body: Delivery.Body) -> String {
        switch body {
        case .messages(let messages): messages.map { String(buffer: $0.payload) }.joined()
        case .wire(let bytes): "\(bytes.readableBytes) bytes"
        }
    }
}
