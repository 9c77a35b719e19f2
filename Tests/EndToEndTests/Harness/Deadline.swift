import Foundation
import Synchronization

/// Something that was waited for did not happen in time.
struct TimedOut: Error, CustomStringConvertible {
    let what: String
    let limit: Duration
    /// What had been seen instead.
    var seen = ""

    var description: String {
        "waited \(limit) in vain for \(what)" + (seen.isEmpty ? "" : "; seen: \(seen)")
    }
}

/// How long a test waits for what must come. Generous: it is only spent where something is wrong.
let patience = Duration.seconds(30)

/// Looks again and again until there is a value.
///
/// - Parameter seen: what to tell where it does not come.
func eventually<Value>(
    _ what: String,
    within limit: Duration = patience,
    seen: () -> String = { "" },
    isolation: isolated (any Actor)? = #isolation,
    _ look: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + limit
    while true {
        if let value = try await look() { return value }
        guard ContinuousClock.now < deadline else { throw TimedOut(what: what, limit: limit, seen: seen()) }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// Looks again and again until the condition holds.
func eventually(
    _ what: String,
    within limit: Duration = patience,
    seen: () -> String = { "" },
    isolation: isolated (any Actor)? = #isolation,
    holds condition: () async throws -> Bool
) async throws {
    try await eventually(what, within: limit, seen: seen, isolation: isolation) { try await condition() ? () : nil }
}

/// Lets so many in at a time: tests that each start a bridge and clients would else starve each other of the machine.
actor Turnstile {
    static let bridges = Turnstile(places: 6)

    private var places: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(places: Int) {
        self.places = places
    }

    func enter() async {
        if places > 0 {
            places -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func leave() {
        if waiting.isEmpty {
            places += 1
        } else {
            waiting.removeFirst().resume()
        }
    }
}
