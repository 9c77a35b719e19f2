import NIOCore
import NIOPosix
import Synchronization

/// A TCP listener and the connections it accepted.
final class TCPService: Sendable {
    /// The port that is bound.
    let port: Int
    private let listener: any Channel
    private let connections: ConnectionRegistry

    private init(listener: any Channel, connections: ConnectionRegistry) {
        self.listener = listener
        self.connections = connections
        port = listener.localAddress?.port ?? 0
    }

    /// Returns once the port is bound. `initializer` runs on the event loop of each accepted connection. Throws
    /// ``DemoServicesError`` where the port cannot be bound.
    static func start(
        _ name: String,
        host: String,
        port: Int,
        group: any EventLoopGroup,
        initializer: @escaping @Sendable (any Channel) throws -> Void
    ) async throws -> TCPService {
        let connections = ConnectionRegistry()
        do {
            let listener = try await ServerBootstrap(group: group)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        guard connections.admit(channel) else { throw ChannelError.ioOnClosedChannel }
                        try initializer(channel)
                    }
                }
                .bind(host: host, port: port)
                .get()
            return TCPService(listener: listener, connections: connections)
        } catch {
            throw DemoServicesError(service: name, host: host, port: port, reason: "\(error)")
        }
    }

    /// Closes the listener and every connection; returns when they are closed. Calling it again does nothing.
    func stop() async {
        listener.close(promise: nil)
        _ = try? await listener.closeFuture.get()
        for channel in connections.stop() {
            channel.close(promise: nil)
            _ = try? await channel.closeFuture.get()
        }
    }
}

/// The open connections, shared by the event loops: touched when one opens or closes, never while data flows.
private final class ConnectionRegistry: Sendable {
    private struct State {
        var open: [ObjectIdentifier: any Channel] = [:]
        var isStopped = false
    }

    private let state = Mutex(State())

    /// False where the service has stopped: a connection accepted at that moment must not outlive it.
    func admit(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let isAdmitted = state.withLock { state in
            guard !state.isStopped else { return false }
            state.open[id] = channel
            return true
        }
        if isAdmitted {
            channel.closeFuture.whenComplete { _ in
                self.state.withLock { $0.open[id] = nil }
            }
        }
        return isAdmitted
    }

    func stop() -> [any Channel] {
        state.withLock { state in
            state.isStopped = true
            return Array(state.open.values)
        }
    }
}
