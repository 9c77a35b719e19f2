import NIOCore
import Testing

@testable import Topics

@Suite("A topic's part on an event loop") struct ShardLifeTests {
    let snapshots = DeliveryFormat(mode: .snapshot, envelope: .bare)

    @Test("who leaves and comes back in the same turn hears the news")
    func backAtOnce() throws {
        let fixture = TopicFixture(settings: TopicSettings(linger: .seconds(30)))
        try fixture.shard().subscribe(CollectingSink(), format: snapshots).cancel()
        let sink = CollectingSink()
        let subscription = try fixture.shard().subscribe(sink, format: snapshots)
        fixture.loop.run()
        try fixture.answer("[1]")
        #expect(sink.texts == ["[1]"])
        fixture.loop.advanceTime(by: .seconds(60))
        #expect(fixture.registry.all.count == 1)
        try fixture.answer("[2]")
        #expect(sink.texts == ["[1]", "[2]"])
        subscription.cancel()
        fixture.loop.advanceTime(by: .seconds(30))
        #expect(fixture.registry.all.isEmpty)
    }

    @Test("news on its way to a part that everybody has left does no harm to its successor")
    func newsForTheDeparted() throws {
        let fixture = TopicFixture(settings: TopicSettings(linger: .seconds(30)))
        let first = try fixture.shard().subscribe(CollectingSink(), format: snapshots)
        fixture.loop.run()
        let topic = try #require(fixture.source.topic)
        topic.failed(
            SourceFailure(code: .word("timeout"), reason: "", nextAttemptAtMilliseconds: 1),
            atMilliseconds: 0
        )
        first.cancel()
        let sink = CollectingSink()
        _ = try fixture.shard().subscribe(sink, format: snapshots)
        fixture.loop.run()
        try fixture.answer("[1]")
        #expect(sink.texts == ["[1]"])
        #expect(fixture.registry.all.count == 1)
    }

    @Test("however many come and go, one look at the topic is pending")
    func comingAndGoing() throws {
        let fixture = TopicFixture(settings: TopicSettings(linger: .seconds(30)))
        let topic = try fixture.shard().topic
        fixture.loop.run()
        // The first has made the look pending: nobody who leaves after it makes another.
        var looks = 0
        for _ in 0..<1000 {
            let reference = TopicShard(topic: topic, owner: fixture.topics).reference
            _ = topic.attach(reference)
            if topic.detach(from: fixture.loop) { looks += 1 }
        }
        #expect(looks == 0)
        fixture.loop.advanceTime(by: .seconds(20))
        _ = try fixture.shard()
        fixture.loop.run()
        fixture.loop.advanceTime(by: .seconds(29))
        #expect(fixture.source.stops == 0)
        fixture.loop.advanceTime(by: .seconds(1))
        #expect(fixture.source.stops == 1)
        #expect(fixture.registry.all.isEmpty)
    }
}
