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
    private let cache = DecisionCache<Bool>()

    package init(users: Htpasswd, workers: PasswordWorkers) {
        self.users = users
        self.workers = workers
    }

    func judge(_ credentials: BasicCredentials, address: String?) async -> Verdict {
        let key = cache.key([credentials.user, credentials.password])
        if let isRight = cache[key] { return isRight ? .right : .wrong }
        let users = users
        guard let isRight = await workers.run(for: address, { users.admits(credentials) }) else { return .busy }
        cache.remember(isRight, for: key, until: .now + (isRight ? Self.rightFor : Self.wrongFor))
        return isRight ? .right : .wrong
    }
}

/// The threads that passwords are checked on: few, so that a flood of guesses leaves the machine to the others, with a
/// short queue of which no address has more than its part. Any thread.
package final class PasswordWorkers: Sendable {
    private struct State {
        var waiting = 0
        var byAddress: [String: Int] = [:]
    }

    private let threads: NIOThreadPool
    private let maximum: Int
    private let maximumPerAddress: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - maximum: checks under way and waiting at one time.
    ///   - maximumPerAddress: the same for one client address.
    package init(threads: Int = 2, maximum: Int = 64, maximumPerAddress: Int = 8) {
        self.threads = NIOThreadPool(numberOfThreads: threads)
        self.maximum = maximum
        self.maximumPerAddress = maximumPerAddress
        self.threads.start()
    }

    deinit {
        threads.shutdownGracefully { _ in }
    }

    /// - Returns: nil where the work was not done: the queue is full.
    func run<Value: Sendable>(for address: String?, _ work: @escaping @Sendable () -> Value) async -> Value? {
        let key = address ?? ""
        guard enter(key) else { return nil }
        defer { leave(key) }
        return try? await threads.runIfActive(work)
    }

    private func enter(_ key: String) -> Bool {
        state.withLock { state in
            guard state.waiting < maximum, state.byAddress[key, default: 0] < maximumPerAddress else { return false }
            state.waiting += 1
            state.byAddress[key, default: 0] += 1
            return true
        }
    }

    private func leave(_ key: String) {
        state.withLock { state in
            state.waiting -= 1
            let remaining = (state.byAddress[key] ?? 0) - 1
            state.byAddress[key] = remaining > 0 ? remaining : nil
        }
    }
}
