import Crypto
import Foundation
import Synchronization

/// Decisions that were made a moment ago, so that a client that comes back, or many at once with the same credentials,
/// do not cost the whole work each. Any thread.
///
/// It keeps keyed digests in place of credentials: a dump of the memory shows none, and nobody can choose two that
/// collide.
final class DecisionCache<Value: Sendable>: Sendable {
    private struct Entry {
        let value: Value
        let until: ContinuousClock.Instant
    }

    private let capacity: Int
    private let secret = SymmetricKey(size: .bits256)
    private let entries = Mutex<[Data: Entry]>([:])

    init(capacity: Int = 4096) {
        self.capacity = capacity
    }

    /// The key of what a decision depends on, in an order that is always the same.
    func key(_ parts: [String]) -> Data {
        var authentication = HMAC<SHA256>(key: secret)
        for part in parts {
            // Lengths first, so that no two lists read the same.
            withUnsafeBytes(of: UInt64(part.utf8.count)) { authentication.update(data: Data($0)) }
            authentication.update(data: Data(part.utf8))
        }
        return Data(authentication.finalize())
    }

    subscript(key: Data) -> Value? {
        entries.withLock { entries in
            guard let entry = entries[key], entry.until > .now else { return nil }
            return entry.value
        }
    }

    func remember(_ value: Value, for key: Data, until: ContinuousClock.Instant) {
        entries.withLock { entries in
            if entries.count >= capacity, entries[key] == nil {
                let now = ContinuousClock.now
                entries = entries.filter { $0.value.until > now }
                // Still full: somebody makes up credentials. Forgetting costs work, not safety.
                if entries.count >= capacity { entries.removeAll(keepingCapacity: true) }
            }
            entries[key] = Entry(value: value, until: until)
        }
    }
}
