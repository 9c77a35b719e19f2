import Foundation
import JSONDelta
import Synchronization
import Topics

/// The source of the topic `/stats`: the bridge's own state, looked at each second while somebody is interested.
final class StatisticsSource: TopicSource {
    private static let period = Duration.seconds(1)

    private let look: @Sendable () async -> BridgeStatistics
    private let task = Mutex<Task<Void, Never>?>(nil)

    init(look: @escaping @Sendable () async -> BridgeStatistics) {
        self.look = look
    }

    /// The route to it, with all the transports of a poll route.
    static func service(look: @escaping @Sendable () async -> BridgeStatistics) -> PollService {
        let metrics = TopicMetrics()
        let settings = TopicSettings(
            diffOptions: DiffOptions(keys: BridgeStatistics.keys),
            // A look costs little, and one that is seldom wanted is best new.
            linger: .seconds(3)
        )
        return PollService(hasKeyedArrays: true, metrics: metrics) { _ in
            TopicBlueprint(key: TopicKey(route: "/stats", name: "/stats"), settings: settings, metrics: metrics) {
                StatisticsSource(look: look)
            }
        }
    }

    func start(delivering topic: Topic) {
        let look = look
        let running = Task {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            while !Task.isCancelled {
                do {
                    let body = try encoder.encode(await look())
                    let answer = SourceAnswer(
                        body: Array(body),
                        contentType: "application/json",
                        receivedAt: .now,
                        receivedAtMilliseconds: UnixTime.nowMilliseconds
                    )
                    _ = topic.received(answer)
                    try await Task.sleep(for: Self.period)
                } catch {
                    // Cancelled: numbers and texts can always be encoded.
                    return
                }
            }
        }
        task.withLock { $0 = running }
    }

    func stop() {
        task.withLock { $0?.cancel() }
    }

    func refresh() {
        // Each second is soon enough.
    }

    var intervalMilliseconds: Int? { Int(Self.period / .milliseconds(1)) }
}
