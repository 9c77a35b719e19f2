import NIOCore
import NIOHTTP1
import WebSocket

/// The tunnel route: a WebSocket becomes a byte stream to a service.
package struct TunnelService: Sendable {
    /// How the backend's bytes go to the client.
    package enum Frames: Sendable {
        case binary
        /// UTF-8, never cut inside a character; what is not UTF-8 is replaced by U+FFFD.
        case text
        /// Base64 in text frames, both ways.
        case base64
    }

    /// Which backends a connection may get.
    package enum Choice: Sendable {
        /// At least one; tried in turn from a rotating start.
        case any([TunnelBackend])
        /// By the route's `{target}` parameter.
        case byTarget([String: TunnelBackend])
    }

    /// Which backends a connection may get.
    package let choice: Choice
    /// The version of the PROXY protocol that tells the backend the client's address; nil: none.
    package let proxyProtocol: ProxyProtocol?
    /// Answers the upgrade first, and reports a failure by close code 1014.
    package var connectsAfterUpgrade: Bool
    /// Without a byte either way for this long the tunnel ends; nil: never.
    package var idleTimeout: TimeAmount?
    /// How long the backend may go on after the client's end of stream.
    package var halfCloseTimeout: TimeAmount
    /// Whether text frames from the client end the tunnel (close 1003), instead of being their UTF-8 bytes.
    package var rejectsText: Bool
    /// What is answered of the client's `Sec-WebSocket-Protocol`: the first of its values that is among these.
    package var subprotocols: [String]
    /// How the backend's bytes go to the client, unless it chose the subprotocol `base64`.
    package var frames: Frames
    /// How messages go to clients that offer compression.
    package var compression: CompressionPolicy
    let metrics = TunnelMetrics()
    private let connector: TunnelConnector

    package init(
        _ choice: Choice,
        tls: TunnelTLS? = nil,
        allow: [TunnelAllowance] = [],
        proxyProtocol: ProxyProtocol? = nil,
        connectsAfterUpgrade: Bool = false,
        connectTimeout: TimeAmount = .seconds(5),
        idleTimeout: TimeAmount? = nil,
        halfCloseTimeout: TimeAmount = .seconds(10),
        rejectsText: Bool = false,
        subprotocols: [String] = ["binary"],
        frames: Frames = .binary,
        compression: CompressionPolicy = .off
    ) {
        self.choice = choice
        self.proxyProtocol = proxyProtocol
        connector = TunnelConnector(timeout: connectTimeout, tls: tls, allow: allow)
        self.connectsAfterUpgrade = connectsAfterUpgrade
        self.idleTimeout = idleTimeout
        self.halfCloseTimeout = halfCloseTimeout
        self.rejectsText = rejectsText
        self.subprotocols = subprotocols
        self.frames = frames
        self.compression = compression
    }

    /// Its TLS with the files as they are now; nil where it has none.
    ///
    /// - Throws: as ``TunnelTLS/renewal()``.
    package func renewedTLS() throws -> TunnelTLS.Renewal? { try connector.tls?.renewal() }

    func answer(_ exchange: HTTPExchange) throws(Problem) {
        let destinations = try destinations(exchange.parameters)
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
            connect(to: destinations, for: exchange, tunnel).whenFailure { error in
                tunnel.backendIsUnreachable(count(error).explanation)
            }
            return
        }
        var isAbandoned = false
        exchange.onAbandoned = { isAbandoned = true }
        connect(to: destinations, for: exchange, tunnel).whenComplete { result in
            switch result {
            case .success where isAbandoned:
                tunnel.abandon()
            case .success:
                self.upgrade(exchange, acceptance, tunnel)
            case .failure(let error):
                let failure = count(error)
                exchange.fail(Problem(status: failure.status, detail: failure.explanation))
            }
        }
    }

    private func upgrade(_ exchange: HTTPExchange, _ acceptance: WebSocketAcceptance, _ tunnel: Tunnel) {
        var options = exchange.loop.settings.webSocketOptions
        // Nothing here is shared between connections.
        options.writesDirectly = false
        // Base64 is decoded by the message; everything else goes through as it arrives.
        options.delivery = tunnel.frames == .base64 ? .whole : .streamed
        // The tunnel answers once its backend has taken everything and ended, in a time of its own.
        options.closeReplyLimit = .minutes(10)
        // All that the backend sent is delivered, also to a slow reader.
        options.flushTimeout = .minutes(10)
        let limits = WebSocketLimits(
            maxMessage: tunnel.frames == .base64 ? exchange.loop.settings.maximumMessage : .max
        )
        exchange.upgrade(acceptance, limits: limits, options: options, delegate: tunnel)
    }

    /// In the order of this connection.
    private func destinations(_ parameters: [String: String]) throws(Problem) -> [TunnelDestination] {
        let backends: [TunnelBackend]
        switch choice {
        case .any(let list): backends = connector.health.order(list)
        case .byTarget(let targets): backends = parameters["target"].flatMap { targets[$0] }.map { [$0] } ?? []
        }
        let destinations = backends.compactMap { $0.destination(parameters) }
        guard !destinations.isEmpty else { throw Problem(status: .notFound, detail: "this route has no such target") }
        return destinations
    }

    private func count(_ error: any Error) -> TunnelFailure {
        let failure = TunnelFailure(error)
        metrics.connectFailed(failure.reason.rawValue)
        return failure
    }

    private func connect(
        to destinations: [TunnelDestination],
        for exchange: HTTPExchange,
        _ tunnel: Tunnel
    ) -> EventLoopFuture<any Channel>.Isolated {
        let loop = exchange.loop.loop
        let bound = NIOLoopBound(tunnel, eventLoop: loop)
        let header = proxyProtocol?.header(
            from: exchange.client.socketAddress,
            to: exchange.connection.channel?.localAddress
        )
        let (logger, path) = (exchange.loop.logger, exchange.target.rawPath)
        return connector.connect(
            to: destinations[...],
            on: loop,
            header: header,
            failed: { destination, error in
                // Each of them: the next may hide that it failed.
                logger.warning(
                    "tunnel backend unreachable",
                    metadata: [
                        "path": "\(path)", "backend": "\(destination.backend)",
                        "error": "\(TunnelFailure.text(error))", "advice": "\(TunnelFailure(error).advice)",
                    ]
                )
            }
        ) { channel in
            try channel.pipeline.syncOperations.addHandler(TunnelBackendHandler(tunnel: bound.value))
        }.assumeIsolated()
    }

    /// Tries every backend whose address is no client's choice, for `pushbridge check --connect`.
    ///
    /// - Returns: each backend with what went wrong; nil: it was reached.
    package func tryBackends(on loop: any EventLoop) async -> [(backend: TunnelBackend, error: (any Error)?)] {
        let backends: [TunnelBackend]
        switch choice {
        case .any(let list): backends = list
        case .byTarget(let targets): backends = targets.sorted { $0.key < $1.key }.map(\.value)
        }
        var results: [(backend: TunnelBackend, error: (any Error)?)] = []
        for destination in backends.compactMap({ $0.destination([:]) }) {
            do {
                try await loop.flatSubmit { connector.connect(to: [destination], on: loop, header: nil) { _ in } }
                    .get().close()
                results.append((destination.backend, nil))
            } catch {
                results.append((destination.backend, error))
            }
        }
        return results
    }
}
