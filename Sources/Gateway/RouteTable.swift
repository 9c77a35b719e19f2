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
