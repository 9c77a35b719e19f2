import Broadcast
import JSONDelta
import NIOCore
import NIOEmbedded
import Synchronization
import Testing
import WebSocket

@testable import Topics

/// A topic with a source that says what the test says, on one event loop that runs in the test's thread.
final class TopicFixture {
    let loop = EmbeddedEventLoop()
    let registry = TopicRegistry()
    let metrics = TopicMetrics()
    let source = ScriptedSource()
    let blueprint: TopicBlueprint
    let topics: LoopTopics
    private var clock: Int64 = 1_000

    init(settings: TopicSettings = TopicSettings()) {
        let source = source
        blueprint = TopicBlueprint(
            key: TopicKey(route: "/t", name: "/t"),
            settings: settings,
            metrics: metrics,
            makeSource: { source }
        )
        topics = LoopTopics(loop: loop, registry: registry, broadcaster: FrameBroadcaster(usesIOUring: false))
    }

    func shard() throws -> TopicShard { try topics.shard(for: blueprint) }

    /// An answer of the upstream.
    @discardableResult
    func answer(_ body: String, contentType: String? = "application/json") throws -> AnswerVerdict {
        clock += 1
        let topic = try #require(source.topic)
        let verdict = topic.received(
            SourceAnswer(
                body: Array(body.utf8),
                contentType: contentType,
                receivedAt: .now,
                receivedAtMilliseconds: clock
            )
        )
        loop.run()
        return verdict
    }

    func fail(_ code: SourceFailure.Code) throws {
        clock += 1
        try #require(source.topic).failed(
            SourceFailure(code: code, reason: "it failed", nextAttemptAtMilliseconds: clock + 10),
            atMilliseconds: clock
        )
        loop.run()
    }

    /// Runs the loop until a worker's result has come.
    func settle(until condition: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while !condition() {
            try #require(ContinuousClock.now < deadline, "nothing came in time")
            loop.run()
            await Task.yield()
        }
    }
}

final class ScriptedSource: TopicSource {
    private let state = Mutex<(topic: Topic?, starts: Int, stops: Int, refreshes: Int)>((nil, 0, 0, 0))

    func start(delivering topic: Topic) { state.withLock { $0 = (topic, $0.starts + 1, $0.stops, $0.refreshes) } }
    func stop() { state.withLock { $0.stops += 1 } }
    func refresh() { state.withLock { $0.refreshes += 1 } }
    var intervalMilliseconds: Int? { 1000 }
    var topic: Topic? { state.withLock { $0.topic } }
    var starts: Int { state.withLock { $0.starts } }
    var stops: Int { state.withLock { $0.stops } }
    var refreshes: Int { state.withLock { $0.refreshes } }
}

/// Collects the payloads that a subscriber is sent.
final class CollectingSink: SubscriberSink {
    var isReady = true
    private(set) var deliveries: [Delivery] = []

    func deliver(_ delivery: Delivery) { deliveries.append(delivery) }

    /// Texts of the WebSocket frames, or of the event stream.
    var texts: [String] {
        deliveries.flatMap { delivery -> [String] in
            switch delivery.body {
            case .messages(let messages): return messages.map { String(buffer: $0.payload) }
            case .wire(let wire): return wire.frames ?? [String(buffer: wire)]
            }
        }
    }

    var kinds: [Delivery.Kind] { deliveries.map(\.kind) }
}

extension ByteBuffer {
    /// Payloads of unmasked, uncompressed frames; nil where the bytes are none.
    fileprivate var frames: [String]? {
        var rest = self
        var texts: [String] = []
        while let first = rest.readInteger(as: UInt8.self) {
            guard first == 0x81 || first == 0x82, let short = rest.readInteger(as: UInt8.self) else { return nil }
            var length = Int(short)
            if length == 126 { length = Int(rest.readInteger(as: UInt16.self) ?? 0) }
            if length == 127 { length = Int(rest.readInteger(as: UInt64.self) ?? 0) }
            guard let text = rest.readString(length: length) else { return nil }
            texts.append(text)
        }
        return texts
    }
}
