import Synchronization

/// What one reader of a subscription has not taken yet. Of documents only the newest waits; of the rest at most
/// `capacity`, then the oldest are dropped. May be used from any thread; one task at a time reads.
final class UpdateQueue: Sendable {
    private struct State {
        var updates: [BridgeUpdate] = []
        var hasEnded = false
        var reader: CheckedContinuation<BridgeUpdate?, Never>?
    }

    static let capacity = 1000

    private let state = Mutex(State())

    func offer(_ update: BridgeUpdate) {
        let reader = state.withLock { state -> CheckedContinuation<BridgeUpdate?, Never>? in
            if let reader = state.reader {
                state.reader = nil
                return reader
            }
            guard !state.hasEnded else { return nil }
            if case .document = update, case .document? = state.updates.last {
                state.updates[state.updates.count - 1] = update.withoutPatch
                return nil
            }
            if state.updates.count >= Self.capacity { state.updates.removeFirst() }
            state.updates.append(update)
            return nil
        }
        reader?.resume(returning: update)
    }

    /// What waits can still be taken.
    func end() {
        let reader = state.withLock { state -> CheckedContinuation<BridgeUpdate?, Never>? in
            state.hasEnded = true
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: nil)
    }

    /// nil at the end, and when the task is cancelled.
    func next() async -> BridgeUpdate? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now: BridgeUpdate?? = state.withLock { state in
                    if !state.updates.isEmpty { return .some(state.updates.removeFirst()) }
                    if state.hasEnded || Task.isCancelled { return .some(nil) }
                    state.reader = continuation
                    return nil
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            end()
        }
    }
}

extension BridgeUpdate {
    /// A patch belongs to the version before, which a reader that was too slow has not seen.
    fileprivate var withoutPatch: BridgeUpdate {
        if case .document(let document, _) = self { .document(document, patch: nil) } else { self }
    }
}
