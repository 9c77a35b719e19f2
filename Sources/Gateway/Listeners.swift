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

    fileprivate struct Listener: Sendable {
        /// As it was asked for.
        let address: ListenerAddress
        /// With the port that the system chose.
        let bound: ListenerAddress
        let channel: any Channel
        let security: Security
    }

    /// Listeners that are bound and take no connections yet, and those whose end their beginning will be.
    struct Prepared: Sendable {
        fileprivate let next: [Listener]
        fileprivate let new: [Listener]
        fileprivate let dropped: [Listener]

        /// All that will listen, with the real ports, in the order asked for.
        var addresses: [ListenerAddress] { next.map(\.bound) }
        var opened: [ListenerAddress] { new.map(\.bound) }
        var closed: [ListenerAddress] { dropped.map(\.bound) }
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

    /// Binds what is new. To be followed by ``accept(_:)``.
    ///
    /// - Parameter bind: makes a channel that does not read yet.
    /// - Throws: where one cannot be bound: then those listen that did before, and no other.
    func prepare(_ addresses: [ListenerAddress], bind: Bind) async throws(BindError) -> Prepared {
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
                    next.append(kept.with(address))
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
        return Prepared(next: next, new: new, dropped: dropped)
    }

    /// Takes connections on what has been prepared, and no more on what is dropped.
    func accept(_ prepared: Prepared) async {
        for listener in prepared.dropped { try? await listener.channel.close() }
        for listener in prepared.next { listener.security.tls = listener.address.tls }
        for listener in prepared.new { try? await listener.channel.setOption(.autoRead, value: true).get() }
        let isClosed = state.withLock { state in
            state.listeners = prepared.next
            return state.isClosed
        }
        if isClosed { await close() }
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
                try? await again.channel.setOption(.autoRead, value: true).get()
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

extension Listeners.Listener {
    /// The same with certificates that may be others.
    fileprivate func with(_ address: ListenerAddress) -> Self {
        Self(address: address, bound: address.bound(to: bound.port), channel: channel, security: security)
    }
}
