import WebSocket

/// The multiplex route: many subscriptions over one WebSocket, in `pushbridge.v1`.
package struct MultiplexService: Sendable {
    /// Of one connection at one time.
    package var maximumSubscriptions: Int
    /// How messages go to clients that offer compression.
    package var compression: CompressionPolicy

    /// - Parameters:
    ///   - maximumSubscriptions: of one connection at one time.
    ///   - compression: how messages go to clients that offer it.
    package init(maximumSubscriptions: Int = 1000, compression: CompressionPolicy = .shared) {
        self.maximumSubscriptions = maximumSubscriptions
        self.compression = compression
    }

    func answer(_ exchange: HTTPExchange) throws(Problem) {
        // A client that asks for no subprotocol is taken to speak the only one there is.
        let acceptance = try WebSocketAcceptance(
            exchange,
            subprotocols: [Version1Session.subprotocol],
            requiresKnownSubprotocol: true,
            compression: compression
        )
        exchange.upgrade(
            acceptance,
            limits: WebSocketLimits(maxMessage: exchange.loop.settings.maximumMessage),
            options: exchange.loop.settings.webSocketOptions,
            delegate: Version1Session(
                gateway: exchange.loop,
                request: ClientRequest(exchange),
                scope: .all(maximumSubscriptions: maximumSubscriptions)
            )
        )
    }
}
