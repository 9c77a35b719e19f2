import Access
import WebSocket

/// Which request paths belong to a route: literal segments and `{name}` parameters.
package struct RoutePattern: Sendable, Hashable {
    package enum Segment: Sendable, Hashable {
        case literal(String)
        case parameter(String)
    }

    /// As the configuration has it, such as `/scores/{league}`.
    package let text: String
    package let segments: [Segment]

    package init(text: String, segments: [Segment]) {
        self.text = text
        self.segments = segments
    }

    /// The values of the parameters where the path matches as a whole. Segments are percent-decoded.
    func match(_ path: [String]) -> [String: String]? {
        guard path.count == segments.count else { return nil }
        return matchPrefix(path)
    }

    /// The same where the path begins with the pattern.
    func matchPrefix(_ path: [String]) -> [String: String]? {
        guard path.count >= segments.count else { return nil }
        var parameters: [String: String] = [:]
        for (segment, value) in zip(segments, path) {
            switch segment {
            case .literal(let text):
                guard text == value else { return nil }
            case .parameter(let name):
                guard !value.isEmpty else { return nil }
                parameters[name] = value
            }
        }
        return parameters
    }
}

/// One route: a path, who may come from where, and the service behind it.
package struct GatewayRoute: Sendable {
    package enum Service: Sendable {
        case poll(PollService)
        case tunnel(TunnelService)
        case channel(ChannelService)
        case multiplex(MultiplexService)
        case files(FilesService)
        case endpoint(EndpointService)
    }

    package let pattern: RoutePattern
    package let origins: OriginPolicy
    /// What a client has to show; nil: nothing.
    package private(set) var access: (any AccessJudge)?
    /// The names by which it may be reached; nil: any.
    let names: InsideNames?
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

/// Finds the route of a path. A whole match wins over a folder of files, and a longer folder over a shorter one; among
/// whole matches the one wins whose literal stands where the other's parameter is, from left to right.
struct RouteTable: Sendable {
    private let exact: [GatewayRoute]
    private let folders: [GatewayRoute]

    init(_ routes: [GatewayRoute]) {
        exact = routes.filter { !$0.isFolder }.sorted { $0.pattern.isMoreSpecific(than: $1.pattern) }
        folders = routes.filter(\.isFolder).sorted { $0.pattern.segments.count > $1.pattern.segments.count }
    }

    func route(for path: [String]) -> (GatewayRoute, parameters: [String: String])? {
        for route in exact {
            if let parameters = route.pattern.match(path) { return (route, parameters) }
        }
        for route in folders {
            if let parameters = route.pattern.matchPrefix(path) { return (route, parameters) }
        }
        return nil
    }
}

extension RoutePattern {
    fileprivate func isMoreSpecific(than other: RoutePattern) -> Bool {
        segments.lexicographicallyPrecedes(other.segments) { own, others in
            if case (.literal, .parameter) = (own, others) { true } else { false }
        }
    }
}

extension GatewayRoute {
    fileprivate var isFolder: Bool {
        if case .files = service { return true }
        return false
    }
}
