import NIOCore
import Testing

@testable import Topics

@Suite("A subscriber that takes nothing for a while") struct SlowSubscriberTests {
    let long = (0..<50).map { "\"member\($0)\":\($0)" }.joined(separator: ",")

    /// Has a subscriber miss so many versions that its own is forgotten.
    private func forgotten(_ format: DeliveryFormat, since: VersionID? = nil) async throws -> CollectingSink {
        let fixture = TopicFixture(settings: TopicSettings(historyBytes: 0))
        let sink = CollectingSink()
        let subscription = try fixture.shard().subscribe(sink, format: format, since: since)
        try fixture.answer("{\(long),\"x\":0}")
        try await fixture.settle { sink.deliveries.count == 1 }
        sink.isReady = false
        for x in 1...2 { try fixture.answer("{\(long),\"x\":\(x)}") }
        sink.isReady = true
        subscription.sinkBecameReady()
        try await fixture.settle { sink.deliveries.count == 2 }
        return sink
    }

    @Test("is told in the language of its mode that all is new where its version is known no more")
    func forgottenVersion() async throws {
        let newest = "{\(long),\"x\":2}"
        let patch = try await forgotten(DeliveryFormat(mode: .patch, envelope: .bare))
        #expect(patch.texts.last == #"[{"op":"replace","path":"","value":\#(newest)}]"#)
        let merge = try await forgotten(DeliveryFormat(mode: .merge, envelope: .bare))
        #expect(merge.texts.suffix(2) == ["null", newest])
        let version1 = try await forgotten(DeliveryFormat(mode: .patch, envelope: .version1))
        #expect(version1.kinds == [.snapshot, .snapshot])
    }

    @Test("a version that it only claims to hold does not count: the first document comes plain")
    func claim() async throws {
        let format = DeliveryFormat(mode: .patch, envelope: .bare)
        let sink = try await forgotten(format, since: VersionID(of: [9]))
        #expect(sink.texts.first == "{\(long),\"x\":0}")
    }

    @Test("is told once how the upstream stands when it takes bytes again, not of every change in between")
    func status() async throws {
        let fixture = TopicFixture()
        let format = DeliveryFormat(mode: .patch, envelope: .version1)
        let sink = CollectingSink()
        let subscription = try fixture.shard().subscribe(sink, format: format)
        try fixture.answer("[1]")
        try await fixture.settle { sink.deliveries.count == 1 }
        sink.isReady = false
        for code in [500, 503, 500, 503] { try fixture.fail(.status(code)) }
        #expect(sink.deliveries.count == 1)
        sink.isReady = true
        subscription.sinkBecameReady()
        subscription.sinkBecameReady()
        #expect(sink.kinds == [.snapshot, .status])
        #expect(sink.texts.last?.contains(#""state":"stale","code":503"#) == true)
    }

    @Test("is told once why there is no document where there is none")
    func failure() throws {
        let fixture = TopicFixture()
        let sink = CollectingSink()
        sink.isReady = false
        let subscription = try fixture.shard().subscribe(
            sink,
            format: DeliveryFormat(mode: .patch, envelope: .version1)
        )
        for code in [500, 503] { try fixture.fail(.status(code)) }
        #expect(sink.deliveries.isEmpty)
        sink.isReady = true
        subscription.sinkBecameReady()
        #expect(sink.kinds == [.error])
    }
}
