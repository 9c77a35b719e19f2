/// One path and what stands behind it.
package struct Route: Sendable, Equatable {
    /// Which request paths belong to the route.
    package let path: PathTemplate
    /// What stands behind it.
    package let kind: RouteKind
    /// The route's own access rules; nil: those at the top of the configuration.
    package let access: AccessRules?
    /// The route's own bounds.
    package let limits: RouteLimits
    /// Compression of WebSocket messages (RFC 7692).
    package let compression: CompressionMode
    /// The route's place in config.json, from 0: `routes[index]`.
    package let index: Int
}

/// What stands behind a route.
package enum RouteKind: Sendable, Equatable {
    /// A legacy HTTP endpoint that is polled once for all.
    case poll(PollRoute)
    /// A TCP service.
    case tunnel(TunnelRoute)
    /// The clients themselves: everybody gets what everybody sends.
    case channel(ChannelRoute)
    /// The other routes, over one WebSocket.
    case multiplex(MultiplexRoute)
    /// A folder; it answers on every path below the route's own.
    case files(FilesRoute)

    /// The key in config.json: `poll`, `tunnel`, `channel`, `multiplex` or `files`.
    package var name: String {
        switch self {
        case .poll: "poll"
        case .tunnel: "tunnel"
        case .channel: "channel"
        case .multiplex: "multiplex"
        case .files: "files"
        }
    }

    static let names = ["poll", "tunnel", "channel", "multiplex", "files"]
}

/// permessage-deflate on a route (RFC 7692), when the client offers it.
package enum CompressionMode: String, Sendable, CaseIterable {
    /// No context takeover: one compressed frame serves every subscriber.
    case shared
    /// Context takeover for each connection: best ratio, more memory.
    case context
    /// Offers are declined.
    case off
}

extension Route {
    static let keys = ["path"] + RouteKind.names + ["access", "limits", "compression"]

    static func list(reading field: Field?, limits: Limits) -> [Route] {
        guard let field, let items = field.list() else { return [] }
        if items.isEmpty {
            field.fail("is empty", hint: "a bridge without routes has nothing to serve")
        }
        // Templates that differ only in the names of parameters match the same paths.
        var firstWithShape: [[PathTemplate.Segment]: (text: String, index: Int)] = [:]
        return items.enumerated().compactMap { index, item in
            guard let section = item.section(keys: keys) else { return nil }
            let path = section.required("path")?.parsed(PathTemplate.init(parsing:))
            if let path {
                let shape = path.shape(isFolder: section["files"] != nil)
                if let first = firstWithShape[shape] {
                    section["path"]?.fail(
                        "\(quoted(path.text)) matches the same paths as \(quoted(first.text)) of routes[\(first.index)]",
                        hint: "one of the two would never be used"
                    )
                } else {
                    firstWithShape[shape] = (path.text, index)
                }
            }
            return Route(reading: section, path: path, index: index, limits: limits)
        }
    }

    private init?(reading section: Section, path: PathTemplate?, index: Int, limits: Limits) {
        let kinds = RouteKind.names.compactMap { name -> RouteKind? in
            guard let field = section[name] else { return nil }
            return switch name {
            case "poll": PollRoute(reading: field, path: path).map(RouteKind.poll)
            case "tunnel": TunnelRoute(reading: field, path: path).map(RouteKind.tunnel)
            case "channel": ChannelRoute(reading: field, limits: limits).map(RouteKind.channel)
            case "multiplex": MultiplexRoute(reading: field).map(RouteKind.multiplex)
            default: FilesRoute(reading: field, path: path).map(RouteKind.files)
            }
        }
        let named = RouteKind.names.filter { section[$0] != nil }
        if named.isEmpty {
            section.field.fail("has no kind", hint: "add one of \(RouteKind.names.joined(separator: ", "))")
        } else if named.count > 1 {
            section.field.fail(
                "has \(named.count) kinds: \(named.joined(separator: ", "))",
                hint: "make it \(named.count) routes"
            )
        }
        access = section["access"].map(AccessRules.init(reading:))
        self.limits = RouteLimits(reading: section["limits"])
        compression = section["compression"]?.choice(CompressionMode.self) ?? (named == ["tunnel"] ? .off : .shared)
        guard let path, let kind = kinds.first, named.count == 1 else { return nil }
        self.path = path
        self.kind = kind
        self.index = index
    }
}
