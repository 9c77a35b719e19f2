import Logging
import Synchronization
import Testing

@testable import Polling

/// An observer that remembers what it was told.
final class Recorder: PollObserver {
    enum Event: Sendable {
        case polled(FetchedBody)
        case confirmed(PollConfirmation)
        case failed(PollFailure)

        var text: String {
            switch self {
            case .polled(let body): String(decoding: body.bytes, as: UTF8.self)
            case .confirmed(let confirmation): confirmation.evidence == .notModified ? "304" : "same"
            case .failed(let failure): "failed \(failure.code.text)"
            }
        }
    }

    private let recorded = Mutex<[Event]>([])
    private let verdict: @Sendable (FetchedBody) async -> PollVerdict
    private let verdictAtOnce: @Sendable (FetchedBody) -> PollVerdict?

    init(
        verdict: @escaping @Sendable (FetchedBody) async -> PollVerdict = { _ in .changed },
        atOnce: @escaping @Sendable (FetchedBody) -> PollVerdict? = { _ in nil }
    ) {
        self.verdict = verdict
        verdictAtOnce = atOnce
    }

    func polled(_ body: FetchedBody) async -> PollVerdict {
        record(.polled(body))
        return await verdict(body)
    }

    func polledAtOnce(_ body: FetchedBody) -> PollVerdict? {
        let verdict = verdictAtOnce(body)
        if verdict != nil { record(.polled(body)) }
        return verdict
    }

    func pollConfirmed(_ confirmation: PollConfirmation) { record(.confirmed(confirmation)) }
    func pollFailed(_ failure: PollFailure) { record(.failed(failure)) }

    var events: [Event] { recorded.withLock { $0 } }
    var texts: [String] { events.map(\.text) }
    var failures: [PollFailure] {
        events.compactMap { event in
            guard case .failed(let failure) = event else { return nil }
            return failure
        }
    }
    var bodies: [FetchedBody] {
        events.compactMap { event in
            guard case .polled(let body) = event else { return nil }
            return body
        }
    }

    private func record(_ event: Event) { recorded.withLock { $0.append(event) } }
}

struct DeadlinePassed: Error, CustomStringConvertible {
    var description: String
}

/// Waits until the condition holds; throws after `seconds`.
func eventually(
    _ what: String,
    within seconds: Double = 60,
    _ condition: () -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while !condition() {
        guard ContinuousClock.now < deadline else { throw DeadlinePassed(description: "not in time: \(what)") }
        try await Task.sleep(for: .milliseconds(2))
    }
}

/// A poller without chance in it, shut down at the end.
func withPoller<Result>(
    limits: UpstreamLimits = UpstreamLimits(),
    _ body: (Poller) async throws -> Result
) async throws -> Result {
    let poller = try Poller(logger: Logger(label: "tests"), limits: limits, jitter: { 0.5 })
    do {
        let result = try await body(poller)
        await poller.shutdown()
        return result
    } catch {
        await poller.shutdown()
        throw error
    }
}

/// A server with this script, stopped at the end.
func withServer<Result>(
    script: @escaping @Sendable (ScriptedServer.Request) -> [ScriptedServer.Action],
    _ body: (ScriptedServer) async throws -> Result
) async throws -> Result {
    let server = try await ScriptedServer(script: script)
    do {
        let result = try await body(server)
        await server.stop()
        return result
    } catch {
        await server.stop()
        throw error
    }
}

extension PollPlan {
    init(_ url: String, every interval: Duration, timeout: Duration = .seconds(5)) {
        self.init(request: FetchRequest(url: url, timeout: timeout), schedule: .every(interval))
    }
}
