import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import WebSocket

/// The tunnel route: a WebSocket becomes a byte stream to a TCP service.
package struct TunnelService: Sendable {
    /// How the backend's bytes go to the client.
    package enum Frames: Sendable {
        case binary
        /// UTF-8, never cut inside a character; what is not UTF-8 is replaced by U+FFFD.
        case text
        /// Base64 in text frames, both ways.
        case base64
    }

    package struct Backend: Sendable, CustomStringConvertible {
        package let host: String
        /// 1…65535.
        package let port: Int

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }

    /// At least one; tried in turn from a rotating start.
    package var backends: [Backend]
    /// Answers the upgrade first, and reports a failure by close code 1014.
    package var connectsAfterUpgrade: Bool
    /// For one backend.
    package var connectTimeout: TimeAmount
    /// Without a byte either way for this long the tunnel ends; nil: never.
    package var idleTimeout: TimeAmount?
    /// How long the backend may go on after the client's end of stream.
    package var halfCloseTimeout: TimeAmount
    package var rejectsText: Bool
    package var subprotocols: [String]
    package var frames: Frames
    package var compression: CompressionPolicy
    let metrics = TunnelMetrics()
    private let rotation = Rotation()

    package init(
        backends: [Backend],
        connectsAfterUpgrade: Bool = false,
        connectTimeout: TimeAmount = .seconds(5),
        idleTimeout: TimeAmount? = nil,
        halfCloseTimeout: TimeAmount = .seconds(10),
        rejectsText: Bool = false,
        subprotocols: [String] = ["binary"],
        frames: Frames = .binary,
        compression: CompressionPolicy = .off
    ) {
        self.backends = backends
        self.connectsAfterUpgrade = connectsAfterUpgrade
        self.connectTimeout = connectTimeout
        self.idleTimeout = idleTimeout
        self.halfCloseTimeout = halfCloseTimeout
        self.rejectsText = rejectsText
        self.subprotocols = subprotocols
        self.frames = frames
        self.compression = compression
    }

    /// Where the next connection begins to try.
    private final class Rotation: Sendable {
        private let next = Atomic<Int>(0)

        func start(among count: Int) -> Int {
            next.wrappingAdd(1, ordering: .relaxed).oldValue % count
        }
    }

    func answer(_ exchange: HTTPExchange) throws(Problem) {
        let acceptance = try WebSocketAcceptance(
            exchange,
            subprotocols: subprotocols,
            requiresKnownSubprotocol: true,
            compression: compression
        )
        let tunnel = Tunnel(
            service: self,
            frames: acceptance.subprotocol == "base64" ? .base64 : frames,
            gateway: exchange.loop,
            info: ConnectionInfo(exchange, transport: .tunnel)
        )
        if connectsAfterUpgrade {
            upgrade(exchange, acceptance, tunnel)
            connect(on: exchange.loop, tunnel).whenFailure { error in
                metrics.connectFailed(Self.reason(error))
                tunnel.backendIsUnreachable(Self.explain(error))
            }
            return
        }
        var isAbandoned = false
        exchange.onAbandoned = { isAbandoned = true }
        connect(on: exchange.loop, tunnel).whenComplete { result in
            switch result {
            case .success where isAbandoned:
                tunnel.abandon()
            case .success:
                self.upgrade(exchange, acceptance, tunnel)
            case .failure(let error):
                metrics.connectFailed(Self.reason(error))
                exchange.loop.logger.warning(
                    "tunnel backend unreachable",
                    metadata: ["path": "\(exchange.target.rawPath)", "error": "\(error)"]
                )
                let status: HTTPResponseStatus = Self.reason(error) == "timeout" ? .gatewayTimeout : .badGateway
                exchange.fail(Problem(status: status, detail: Self.explain(error)))
            }
        }
    }

    private func upgrade(_ exchange: HTTPExchange, _ acceptance: WebSocketAcceptance, _ tunnel: Tunnel) {
        var options = exchange.loop.settings.webSocketOptions
        // Base64 is decoded by the message; everything else goes through as it arrives.
        options.writesDirectly = false
        options.delivery = tunnel.frames == .base64 ? .whole : .streamed
        options.closeReplyLimit = halfCloseTimeout + .seconds(1)
        // All that the backend sent is delivered, also to a slow reader.
        options.flushTimeout = .minutes(10)
        let limits = WebSocketLimits(
            maxMessage: tunnel.frames == .base64 ? exchange.loop.settings.maximumMessage : .max
        )
        exchange.upgrade(acceptance, limits: limits, options: options, delegate: tunnel)
    }

    /// Tries the backends in turn.
    private func connect(
        on gateway: GatewayLoop,
        _ tunnel: Tunnel
    ) -> EventLoopFuture<Void>.Isolated {
        let start = rotation.start(among: backends.count)
        let order = (0..<backends.count).map { backends[(start + $0) % backends.count] }
        return connect(to: order[...], on: gateway, tunnel).assumeIsolated()
    }

    private func connect(
        to order: ArraySlice<Backend>,
        on gateway: GatewayLoop,
        _ tunnel: Tunnel
    ) -> EventLoopFuture<Void> {
        guard let backend = order.first else {
            return gateway.loop.makeFailedFuture(ChannelError.inappropriateOperationForState)
        }
        let bound = NIOLoopBound(tunnel, eventLoop: gateway.loop)
        let attempt = ClientBootstrap(group: gateway.loop)
            .connectTimeout(connectTimeout)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.autoRead, value: false)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(TunnelBackendHandler(tunnel: bound.value))
                }
            }
            .connect(host: backend.host, port: backend.port)
            .map { _ in }
        let rest = order.dropFirst()
        guard !rest.isEmpty else { return attempt }
        return attempt.assumeIsolated().flatMapError { _ in
            self.connect(to: rest, on: gateway, tunnel)
        }.nonisolated()
    }

    /// One word for the metrics: `timeout`, `unresolved` or `refused`.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case ChannelError.connectTimeout:
            return "timeout"
        case let error as NIOConnectionError:
            if error.connectionErrors.isEmpty { return "unresolved" }
            // A host with several addresses was out of time if one of them was.
            let timedOut = error.connectionErrors.contains { attempt in
                if case .some(.connectTimeout) = attempt.error as? ChannelError { true } else { false }
            }
            return timedOut ? "timeout" : "refused"
        default:
            return "refused"
        }
    }

    private static func explain(_ error: any Error) -> String {
        switch reason(error) {
        case "timeout": "the backend did not answer in time"
        case "unresolved": "the backend's name cannot be resolved"
        default: "the backend refused the connection"
        }
    }
}
