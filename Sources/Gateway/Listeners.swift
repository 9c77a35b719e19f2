import Logging
import NIOCore
import Synchronization

/// The sockets on which clients are accepted. They can be exchanged while clients are connected: those that stay are
/// not touched. Any thread, one call at a time.
final class Listeners: Sendable {
    /// What a listener's new connections are given; open ones keep what they have.
    final class Security: Sendable {
        private let current: Mutex<ListenerTLS?>

        init(_ tls: ListenerTLS?) {
            current = Mutex(tls)
        }

        var tls: ListenerTLS? {
            get { current.withLock { $0 } }
            set { current.withLock { $0 = newValue } }
        }
    }

    private struct Listener: Sendable {
        /// As it was asked for.
        let address: ListenerAddress
        /// With the port that the system chose.
        let bound: ListenerAddress
        let channel: any Channel
        let security: Security
    }

    /// How the listeners differ from those before.
    struct Change: Sendable {
        /// All that listen now, with the real ports, in the order asked for.
        var all: [ListenerAddress] = []
        var opened: [ListenerAddress] = []
        var closed: [ListenerAddress] = []
    }

    private struct State {
        var listeners: [Listener] = []
        /// For good: what is bound after it is closed again.
        var isClosed = false
    }

    private let state = Mutex(State())
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    typealias Bind = @Sendable (ListenerAddress, Security) async throws -> any Channel

    /// - Throws: where one cannot be bound: then those listen that did before, and no other.
    func replace(with addresses: [ListenerAddress], bind: Bind) async throws(BindError) -> Change {
        var dropped = state.withLock { $0.listeners }
        let kept: [Listener?] = addresses.map { address in
            dropped.firstIndex { $0.address.isSamePlace(as: address) }.map { dropped.remove(at: $0) }
        }
        var new: [Listener] = []
        var madeRoom: [Listener] = []
        var next: [Listener] = []
        do {
            for (address, kept) in zip(addresses, kept) {
                if let kept {
                    next.append(kept)
                    continue
                }
                // 127.0.0.1:8080 and 0.0.0.0:8080 exclude each other: the old one makes room first.
                for listener in dropped where listener.bound.port == address.port {
                    // It throws where it is closed already.
                    guard (try? await listener.channel.close()) != nil else { continue }
                    madeRoom.append(listener)
                }
                let listener = try await listen(address, bind)
                new.append(listener)
                next.append(listener)
            }
        } catch {
            for listener in new { try? await listener.channel.close() }
            await reopen(madeRoom, bind)
            throw error
        }
        for listener in dropped { try? await listener.channel.close() }
        next = zip(next, addresses).map { listener, address in
            listener.security.tls = address.tls
            return Listener(
                address: address,
                bound: address.bound(to: listener.bound.port),
                channel: listener.channel,
                security: listener.security
            )
        }
        let change = Change(
            all: next.map(\.bound),
            opened: new.map(\.bound),
            closed: dropped.map(\.bound)
        )
        let isClosed = state.withLock { [next] state in
            state.listeners = next
            return state.isClosed
        }
        if isClosed { await close() }
        return change
    }

    /// For good.
    func close() async {
        let channels = state.withLock { state in
            state.isClosed = true
            defer { state.listeners = [] }
            return state.listeners.map(\.channel)
        }
        for channel in channels { try? await channel.close() }
    }

    /// - Parameter place: where to bind, if not where the address says.
    private func listen(
        _ address: ListenerAddress,
        at place: ListenerAddress? = nil,
        _ bind: Bind
    ) async throws(BindError) -> Listener {
        let security = Security(address.tls)
        do {
            let channel = try await bind(place ?? address, security)
            let bound = address.bound(to: channel.localAddress?.port)
            return Listener(address: address, bound: bound, channel: channel, security: security)
        } catch {
            throw BindError(address: address, underlying: error)
        }
    }

    private func reopen(_ closed: [Listener], _ bind: Bind) async {
        for listener in closed {
            do throws(BindError) {
                let again = try await listen(listener.address, at: listener.bound, bind)
                state.withLock { state in
                    state.listeners = state.listeners.map { $0.channel === listener.channel ? again : $0 }
                }
            } catch {
                state.withLock { $0.listeners.removeAll { $0.channel === listener.channel } }
                logger.critical("a listener was lost", metadata: ["error": "\(error)"])
            }
        }
    }
}
