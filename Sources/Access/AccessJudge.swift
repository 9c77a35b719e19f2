import Synchronization

/// Whoever says who may come in. Any thread.
package protocol AccessJudge: Sendable {
    /// Whether subprotocols may carry a token.
    var takesTokens: Bool { get }

    /// Judges a request. It takes as long as a password's hash or another server takes.
    func decide(_ request: AccessRequest) async -> AccessDecision
}

/// Rules that stand in one place for good, and are replaced there by a reload.
package final class ReplaceablePolicy: AccessJudge {
    private let current: Mutex<AccessPolicy>

    package init(_ policy: AccessPolicy) {
        current = Mutex(policy)
    }

    /// From now on these rules count.
    package func replace(with policy: AccessPolicy) {
        current.withLock { $0 = policy }
    }

    package var takesTokens: Bool { current.withLock { $0 }.takesTokens }

    package func decide(_ request: AccessRequest) async -> AccessDecision {
        await current.withLock { $0 }.decide(request)
    }
}
