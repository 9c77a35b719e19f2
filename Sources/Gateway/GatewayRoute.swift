import Access
import WebSocket

/// One route: a path, who may come from where, and the service behind it.
package struct GatewayRoute: Sendable {
    /// What stands behind a route.
    package enum Service: Sendable {
        /// A polled endpoint.
        case poll(PollService)
        /// A TCP service.
        case tunnel(TunnelService)
        /// The clients themselves.
        case channel(ChannelService)
        /// The other routes, over one WebSocket.
        case multiplex(MultiplexService)
        /// A folder of pages, and all paths in it.
        case files(FilesService)
        /// A function, for operators.
        case endpoint(EndpointService)
    }

    /// The paths that it answers.
    package let pattern: RoutePattern
    /// Whose pages may use it.
    package let origins: OriginPolicy
    /// What a client has to show; nil: nothing.
    package private(set) var access: (any AccessJudge)?
    /// The names by which it may be reached; nil: any.
    let names: InsideNames?
    /// What answers.
    package let service: Service
    /// Counts what is open where the route has limits of its own; nil: it has none.
    package let ledger: ConnectionLedger?
    /// Messages that a client may send on one WebSocket; nil: as on every route.
    package let messageRate: MessageRateLimit?

    package init(
        pattern: RoutePattern,
        origins: OriginPolicy,
        access: (any AccessJudge)? = nil,
        service: Service,
        ledger: ConnectionLedger? = nil,
        messageRate: MessageRateLimit? = nil
    ) {
        self.init(
            pattern: pattern,
            origins: origins,
            access: access,
            names: nil,
            service: service,
            ledger: ledger,
            messageRate: messageRate
        )
    }

    init(
        pattern: RoutePattern,
        origins: OriginPolicy,
        access: (any AccessJudge)?,
        names: InsideNames?,
        service: Service,
        ledger: ConnectionLedger? = nil,
        messageRate: MessageRateLimit? = nil
    ) {
        self.pattern = pattern
        self.origins = origins
        self.access = access
        self.names = names
        self.service = service
        self.ledger = ledger
        self.messageRate = messageRate
    }

    /// Whether what it gives may depend on who asks: by its rules, or by headers that it passes on.
    var knowsPersons: Bool {
        if case .poll(let service) = service, !service.forwardedHeaders.isEmpty { return true }
        return access != nil
    }

    /// Names of query parameters that have a meaning for this route alone.
    var knownParameters: [String] {
        if case .poll(let service) = service { service.queryNames } else { [] }
    }

    /// The same route, its service and all, with other rules.
    package func asking(_ access: (any AccessJudge)?) -> GatewayRoute {
        var route = self
        route.access = access
        return route
    }
}

extension GatewayRoute.Service {
    /// Answers a request, now or later.
    func answer(_ exchange: HTTPExchange) throws(Problem) {
        switch self {
        case .poll(let service): try service.answer(exchange)
        case .tunnel(let service): try service.answer(exchange)
        case .channel(let service): try service.answer(exchange)
        case .multiplex(let service): try service.answer(exchange)
        case .files(let service): try service.answer(exchange)
        case .endpoint(let service): try service.answer(exchange)
        }
    }
}
