import Access
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Topics

/// The listener for operators: health, metrics, what is open, poking topics, reloading, and the dashboard. Never on a
/// public port.
///
/// It is a gateway of its own, with routes that no configuration can name: what guards clients' requests guards these,
/// and the dashboard is pushed to like any page.
package struct AdminServer: Sendable {
    private let gateway: GatewayServer
    private let access: (any AccessJudge)?
    private let origins: OriginPolicy
    private let upstream: @Sendable () -> UpstreamMetrics
    private let reload: @Sendable () async -> ReloadOutcome
    private let dashboard: [UInt8]
    private let clientLibrary: [UInt8]
    private let logger: Logger

    /// - Parameters:
    ///   - gateway: what it tells of.
    ///   - access: what operators have to show, on every path; nil: nothing.
    ///   - origins: the pages that may use it besides its own.
    ///   - upstream: the poller's numbers, asked for at each scrape.
    ///   - reload: reads the configuration again.
    ///   - dashboard: the page at `/`.
    ///   - clientLibrary: the script at `/pushbridge.js`, which the page uses.
    package init(
        gateway: GatewayServer,
        access: (any AccessJudge)?,
        origins: OriginPolicy = .sameOrigin,
        upstream: @escaping @Sendable () -> UpstreamMetrics,
        reload: @escaping @Sendable () async -> ReloadOutcome,
        dashboard: [UInt8],
        clientLibrary: [UInt8],
        logger: Logger
    ) {
        self.dashboard = dashboard
        self.clientLibrary = clientLibrary
        self.reload = reload
        self.gateway = gateway
        self.access = access
        self.origins = origins
        self.upstream = upstream
        self.logger = logger
    }

    /// Runs until the task is cancelled.
    ///
    /// - Parameter onBound: called once with the real address.
    /// - Throws: ``BindError``.
    package func run(
        on address: ListenerAddress,
        group: MultiThreadedEventLoopGroup,
        onBound: @escaping @Sendable (ListenerAddress) -> Void
    ) async throws {
        let server = GatewayServer(
            group: group,
            // Operators come back by themselves, so nobody waits for them at the end.
            settings: GatewaySettings(connections: 1000, drain: .zero),
            routes: routes(host: address.host),
            topics: TopicRegistry(),
            accessLog: nil,
            logger: logger
        )
        for bound in try await server.start([address]) { onBound(bound) }
        // Ends when the task is cancelled.
        for await _ in AsyncStream<Never>.makeStream().stream {}
        // What waits in there must not find itself cancelled.
        await Task { await server.stop() }.value
    }

    private func routes(host: String) -> [GatewayRoute] {
        // What asks for credentials may be reached by any name: they belong to a browser's page of that name alone.
        let names = access == nil ? InsideNames(own: host) : nil
        func route(_ segment: String, _ service: GatewayRoute.Service) -> GatewayRoute {
            GatewayRoute(
                pattern: RoutePattern(text: "/" + segment, segments: segment.isEmpty ? [] : [.literal(segment)]),
                origins: origins,
                access: access,
                names: names,
                service: service
            )
        }
        let statistics = StatisticsSource.service { [gateway, upstream] in await gateway.statistics(upstream()) }
        return [
            route("", .endpoint(page)),
            route("pushbridge.js", .files(FilesService(embedded: ["pushbridge.js": clientLibrary]))),
            route("stats", .poll(statistics)),
            route("live", .poll(statistics)),
            route("healthz", .endpoint(EndpointService { _ in .init(body: ByteBuffer(string: "alive\n")) })),
            route("readyz", .endpoint(readiness)),
            route("metrics", .endpoint(metrics)),
            route("topics", .endpoint(EndpointService { [gateway] _ in try .json(gateway.topicInfos) })),
            route(
                "connections",
                .endpoint(EndpointService { [gateway] _ in try .json(await gateway.connectionInfos()) })
            ),
            route("poke", .endpoint(poke)),
            route("reload", .endpoint(reloading)),
        ]
    }

    private var page: EndpointService {
        let headers: HTTPHeaders = [
            "Cache-Control": "no-cache",
            // The page shows what others named: nothing from outside runs in it.
            "Content-Security-Policy": """
            default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; script-src 'self' 'unsafe-inline'; \
            img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'
            """,
        ]
        let body = ByteBuffer(bytes: dashboard)
        return EndpointService { _ in .init(contentType: "text/html; charset=utf-8", headers: headers, body: body) }
    }

    private var readiness: EndpointService {
        EndpointService { [gateway] _ in
            gateway.isReady
                ? .init(body: ByteBuffer(string: "ready\n"))
                : .init(status: .serviceUnavailable, body: ByteBuffer(string: "draining\n"))
        }
    }

    private var metrics: EndpointService {
        EndpointService { [gateway, upstream] _ in
            .init(contentType: "text/plain; version=0.0.4; charset=utf-8", body: gateway.metricsText(upstream()))
        }
    }

    private var poke: EndpointService {
        EndpointService(.POST) { [gateway] target in
            guard let name = target.query("topic") else {
                throw Problem.badRequest("name the topic: POST /poke?topic=/scores/premier")
            }
            let count = gateway.poke(name)
            guard count > 0 else {
                throw Problem(status: .notFound, detail: "nobody listens to \(name) now, so it is not polled")
            }
            return try .json(["poked": count], status: .accepted)
        }
    }

    private var reloading: EndpointService {
        EndpointService(.POST) { [reload] _ in
            switch await reload() {
            case .done(let report):
                return try .json(report)
            case .refused(let errors):
                let problem = ReloadProblem(errors: errors)
                return try .json(problem, status: .unprocessableEntity, contentType: "application/problem+json")
            }
        }
    }
}
