import BridgeConfiguration
import Foundation
import NIOCore
import NIOPosix
import PushbridgeClient

/// A TCP listener each of whose connections goes through a tunnel of its own.
struct TunnelForwarder: Sendable {
    let url: String
    let options: ClientConnectionOptions

    /// Runs until it is cancelled or the process ends.
    func serve(host: String, port: Int) async throws {
        let server: NIOAsyncChannel<NIOAsyncChannel<ByteBuffer, ByteBuffer>, Never>
        do {
            server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .bind(host: host, port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel(
                            wrappingChannelSynchronously: channel,
                            configuration: .init(isOutboundHalfClosureEnabled: true)
                        )
                    }
                }
        } catch {
            Output.error("pushbridge: cannot listen on \(Authority(host: host, port: port)): \(error)")
            throw ExitStatus.unavailable
        }
        let bound = Authority(host: host, port: server.channel.localAddress?.port ?? port)
        Output.line("pushbridge ready: tcp://\(bound)")
        try await withThrowingDiscardingTaskGroup { group in
            try await server.executeThenClose { connections in
                for try await connection in connections {
                    group.addTask { await forward(connection) }
                }
            }
        }
    }

    /// A connection that fails touches no other.
    private func forward(_ local: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async {
        do {
            try await local.executeThenClose { inbound, outbound in
                let tunnel = try await ClientConnection.connect(to: url, options: options)
                await withTaskGroup(of: Void.self) { group in
                    group.addTask {
                        do {
                            for try await bytes in inbound { try await tunnel.send(binary: bytes) }
                        } catch {
                            // The local program reset its connection, or the tunnel is gone: the close below ends both.
                        }
                        tunnel.close()
                    }
                    do {
                        for await message in tunnel.messages {
                            switch message {
                            case .text(let text): try await outbound.write(ByteBuffer(string: text))
                            case .binary(let bytes): try await outbound.write(bytes)
                            }
                        }
                    } catch {
                        tunnel.close()
                    }
                    outbound.finish()
                    group.cancelAll()
                }
                let closure = await tunnel.closure()
                if closure.code != 1000 {
                    Output.error("pushbridge: a tunnel was closed with \(closure.code): \(closure.reason)")
                }
            }
        } catch {
            Output.error("pushbridge: \(error)")
        }
    }
}
