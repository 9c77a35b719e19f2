import NIOCore
import NIOEmbedded
import Testing
import Topics
import WebSocket

@testable import Gateway

@Suite("Rooms are bounded in number and size") struct RoomTests {
    private func message(_ text: String) -> RoomMessage.Content { .text(ByteBuffer(string: text)) }

    @Test("a history keeps the newest messages within its number and its bytes")
    func history() throws {
        let fixture = GatewayFixture()
        let service = ChannelService(history: 4, buffer: 10)
        let membership = try fixture.room("/rooms/a", service).enter(Witness())
        func welcome() throws -> [String] {
            let newcomer = Witness()
            let place = try fixture.room("/rooms/a", service).enter(newcomer)
            place.leave()
            return newcomer.welcomed
        }
        for text in ["1", "2", "3", "4", "5"] { membership.publish(message(text), echo: false) }
        #expect(try welcome() == ["2", "3", "4", "5"])
        membership.publish(message("12345678"), echo: false)
        #expect(try welcome() == ["4", "5", "12345678"])
        membership.publish(message("12345678901"), echo: false)
        #expect(try welcome() == [])
        membership.publish(message("6"), echo: false)
        #expect(try welcome() == ["6"])
    }

    @Test("a room that nobody is in is remembered for ten minutes, and one that has nothing to remember is not")
    func linger() throws {
        let fixture = GatewayFixture()
        let service = ChannelService(history: 4, maximumRooms: 2)
        for name in ["/rooms/a", "/rooms/b"] {
            let membership = try fixture.room(name, service).enter(Witness())
            if name == "/rooms/a" { membership.publish(message("x"), echo: false) }
            membership.leave()
        }
        func remembered() throws -> [String] {
            let newcomer = Witness()
            try fixture.room("/rooms/a", service).enter(newcomer).leave()
            return newcomer.welcomed
        }
        fixture.loop.advanceTime(by: .minutes(9))
        #expect(try remembered() == ["x"])
        // The time begins anew whenever somebody leaves.
        fixture.loop.advanceTime(by: .minutes(9))
        #expect(try remembered() == ["x"])
        fixture.loop.advanceTime(by: .minutes(11))
        #expect(try remembered() == [])
    }

    @Test("a room that was asked for and never entered is none")
    func neverEntered() throws {
        let fixture = GatewayFixture()
        let service = ChannelService(maximumRooms: 1)
        _ = try fixture.room("/rooms/a", service)
        #expect(throws: Problem.self) { try fixture.room("/rooms/b", service) }
        fixture.loop.run()
        _ = try fixture.room("/rooms/b", service)
    }

    @Test("the rooms of one route take no place of another's")
    func routes() throws {
        let loop = EmbeddedEventLoop()
        let registry = RoomRegistry()
        let rooms = LoopRooms(loop: loop, registry: registry)
        func join(_ name: String, _ route: String) throws {
            _ = try registry.join(
                name: name,
                route: route,
                bounds: Room.HistoryBounds(messages: 0, bytes: 0),
                maximum: 1
            ) { room in
                RoomShard.Reference(
                    loop: loop,
                    shard: NIOLoopBound(RoomShard(room: room, owner: rooms), eventLoop: loop)
                )
            }
        }
        try join("/a/1", "/a/{x}")
        try join("/b/1", "/b/{x}")
        try join("/a/1", "/a/{x}")
        #expect(throws: RoomRefusal.tooManyRooms(limit: 1)) { try join("/a/2", "/a/{x}") }
    }

    private func empty(_ name: String) -> Room {
        Room(name: name, route: "/r", bounds: Room.HistoryBounds(messages: 1, bytes: 1))
    }

    @Test("empty rooms leave in the order in which they became so, but for those that were entered meanwhile")
    func order() {
        var rooms = EmptyRooms()
        let start = NIODeadline.uptimeNanoseconds(0)
        let (a, b, c) = (empty("a"), empty("b"), empty("c"))
        for (index, room) in [a, b, c].enumerated() {
            rooms.add(room, bytes: 10, until: start + .seconds(Int64(index)))
        }
        rooms.remove(a)
        rooms.add(a, bytes: 7, until: start + .seconds(5))
        #expect(rooms.bytes == 27)
        #expect(rooms.nextDeadline() == start + .seconds(1))
        #expect(rooms.removeExpired(at: start) == nil)
        #expect(rooms.removeExpired(at: start + .seconds(1)) === b)
        #expect(rooms.removeOldest() === c)
        #expect(rooms.removeOldest() === a)
        #expect(rooms.removeOldest() == nil)
        #expect(rooms.bytes == 0 && rooms.nextDeadline() == nil)
    }

    @Test("a room that is entered and left all the time leaves nothing behind")
    func manyTimes() {
        var rooms = EmptyRooms()
        let room = empty("a")
        for _ in 0..<1000 {
            rooms.add(room, bytes: 1, until: .uptimeNanoseconds(1))
            rooms.remove(room)
        }
        #expect(rooms.queue.count < 40)
    }

    @Test("of a message only a few encodings are kept, the newest and the one that is asked for")
    func encodings() {
        let message = RoomMessage(content: message("x"), topicName: "/a")
        let forms = [DeliveryFormat.Envelope.bare, .version1, .cloudEvents].map {
            RoomMessage.Form(envelope: $0, compression: .none)
        }
        var kept: [RoomMessage.Form] { message.encoded.withLock { $0.map(\.form) } }
        for form in forms { _ = message.body(for: form) }
        #expect(kept == forms)
        message.forgetEncodings(but: 2, sparing: forms[0])
        #expect(kept == [forms[2], forms[0]])
        message.forgetEncodings(but: 0)
        #expect(kept == [])
    }
}

@Suite("A client's rates and what waits for its upstreams") struct ClientBoundTests {
    @Test("leaving a room brings no new allowance")
    func rates() {
        let rates = RoomRates()
        let limit = MessageRateLimit(count: 2, period: .seconds(1))
        let start = NIODeadline.uptimeNanoseconds(1)
        #expect(rates.takes(limit, room: "a", at: start))
        #expect(rates.takes(limit, room: "a", at: start))
        #expect(!rates.takes(limit, room: "a", at: start))
        #expect(rates.takes(limit, room: "b", at: start))
        #expect(rates.takes(limit, room: "a", at: start + .milliseconds(600)))
    }

    @Test("no more rooms are remembered than there is place for, and full buckets make place")
    func manyRooms() {
        let rates = RoomRates()
        let limit = MessageRateLimit(count: 2, period: .seconds(1))
        let start = NIODeadline.uptimeNanoseconds(1)
        for number in 0..<10_000 { #expect(rates.takes(limit, room: "\(number)", at: start)) }
        #expect(!rates.takes(limit, room: "one more", at: start))
        #expect(rates.takes(limit, room: "7", at: start))
        #expect(rates.takes(limit, room: "one more", at: start + .seconds(1)))
    }

    @Test("64 messages may be on their way, with the bytes of two of the largest")
    func allowance() {
        let many = SendAllowance(largestMessage: 1000)
        for _ in 0..<64 { #expect(many.take(1)) }
        #expect(!many.take(1))
        many.giveBack(1)
        #expect(many.take(1))
        let large = SendAllowance(largestMessage: 100)
        #expect(large.take(100))
        #expect(large.take(100))
        #expect(!large.take(1))
        large.giveBack(100)
        #expect(large.take(100))
    }
}
