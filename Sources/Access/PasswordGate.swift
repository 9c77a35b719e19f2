import Foundation
import NIOPosix
import Synchronization

/// Checks passwords against an htpasswd file, without blocking anybody and without letting strangers buy much work.
package final class PasswordGate: Sendable {
    enum Verdict: Sendable, Equatable {
        case right
        case wrong
        /// Too many checks wait.
        case busy
    }

    /// How long a password that was right is not checked again.
    private static let rightFor = Duration.seconds(300)
    /// How long the same wrong one is refused unchecked.
    private static let wrongFor = Duration.seconds(10)

    private let users: Htpasswd
    private let workers: PasswordWorkers
    // Apart from each other: whoever guesses a lot pushes out guesses, and nobody who was let in.
    private let right = DecisionCache<Void>()
    private let wrong = DecisionCache<Void>()

    package init(users: Htpasswd, workers: PasswordWorkers) {
        self.users = users
        self.workers = workers
    }

    /// - Parameter network: what counts as one client; nil on a Unix socket.
    func judge(_ credentials: BasicCredentials, from network: String?) async -> Verdict {
        let parts = [credentials.user, credentials.password]
        let rightKey = right.key(parts)
        if right[rightKey] != nil { return .right }
        let wrongKey = wrong.key(parts)
        if wrong[wrongKey] != nil { return .wrong }
        let users = users
        guard let isRight = await workers.run(for: network, { users.admits(credentials) }) else { return .busy }
        if isRight {
            right.remember((), for: rightKey, until: .now + Self.rightFor)
        } else {
            wrong.remember((), for: wrongKey, until: .now + Self.wrongFor)
        }
        return isRight ? .right : .wrong
    }
}

/// The threads that passwords are checked on: few, so that a flood of guesses leaves the machine to the others, with a
/// short queue of which no client has more than its part. Any thread.
package final class PasswordWorkers: Sendable {
    private struct State {
        var waiting = 0
        var byNetwork: [String: Int] = [:]
    }

    private let threads: NIOThreadPool
    private let maximum: Int
    private let maximumPerNetwork: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - maximum: checks under way and waiting at one time.
    ///   - maximumPerNetwork: the same for one client (IPv6: one /64).
    package init(threads: Int = 2, maximum: Int = 64, maximumPerNetwork: Int = 8) {
        self.threads = NIOThreadPool(numberOfThreads: threads)
        self.maximum = maximum
        self.maximumPerNetwork = maximumPerNetwork
        self.threads.start()
    }

    deinit {
        threads.shutdownGracefully { _ in }
    }

    /// - Returns: nil where the work was not done: the queue is full.
    func run<Value: Sendable>(for network: String?, _ work: @escaping @Sendable () -> Value) async -> Value? {
        let key = network ?? ""
        guard enter(key) else { return nil }
        defer { leave(key) }
        return try? await threads.runIfActive(work)
    }

    private func enter(_ key: String) -> Bool {
        state.withLock { state in
            guard state.waiting < maximum, state.byNetwork[key, default: 0] < maximumPerNetwork else { return false }
            state.waiting += 1
            state.byNetwork[key, default: 0] += 1
            return true
        }
    }

    private func leave(_ key: String) {
        state.withLock { state in
            state.waiting -= 1
            let remaining = (state.byNetwork[key] ?? 0) - 1
            state.byNetwork[key] = remaining > 0 ? remaining : nil
        }
    }
}
