import JSONDelta
import NIOCore
import Testing

@testable import Topics

@Suite("What many subscribers need is made once")
struct SharedStepTests {
    private let long = (0..<50).map { "\"member\($0)\":\($0)" }.joined(separator: ",")

    /// Where the bytes of a delivery lie: the same place for those that share them.
    private func place(of delivery: Delivery) -> UnsafeRawPointer? {
        guard case .wire(let bytes) = delivery.body else { return nil }
        return bytes.withUnsafeReadableBytes { $0.baseAddress }
    }

    @Test("2000 who resume at one version get the same bytes, in every mode and envelope")
    func crowd() async throws {
        let fixture = TopicFixture()
        _ = try fixture.shard().subscribe(
            CollectingSink(),
            format: DeliveryFormat(mode: .snapshot, envelope: .bare)
        )
        for x in 0...9 { try fixture.answer("{\(long),\"x\":\(x)}") }
        let old = VersionID(of: Array("{\(long),\"x\":3}".utf8))
        for mode in [DeliveryMode.snapshot, .patch, .merge] {
            for envelope in [DeliveryFormat.Envelope.bare, .version1, .serverSentEvents] {
                let sinks = (0..<2000).map { _ in CollectingSink() }
                for sink in sinks {
                    _ = try fixture.shard().subscribe(
                        sink,
                        format: DeliveryFormat(mode: mode, envelope: envelope),
                        since: old
                    )
                }
                try await fixture.settle { sinks.allSatisfy { $0.deliveries.count == 1 } }
                #expect(Set(sinks.map { place(of: $0.deliveries[0]) }).count == 1, "\(mode) \(envelope)")
            }
        }
    }

    @Test("who asks on many threads at once gets what the first one made")
    func threads() async throws {
        let fixture = TopicFixture()
        _ = try fixture.shard().subscribe(
            CollectingSink(),
            format: DeliveryFormat(mode: .snapshot, envelope: .bare)
        )
        for x in 0...1 { try fixture.answer("{\(long),\"x\":\(x)}") }
        let topic = try #require(fixture.source.topic)
        let old = try #require(topic.document(VersionID(of: Array("{\(long),\"x\":0}".utf8))))
        let revision = try #require(topic.revision)
        let format = DeliveryFormat(mode: .patch, envelope: .version1)
        let places = await withTaskGroup(of: Int?.self) { group in
            for _ in 0..<64 {
                group.addTask {
                    place(of: revision.make(from: .version(old), format: format)).map { Int(bitPattern: $0) }
                }
            }
            return await group.reduce(into: Set<Int?>()) { $0.insert($1) }
        }
        #expect(places.count == 1)
    }
}
