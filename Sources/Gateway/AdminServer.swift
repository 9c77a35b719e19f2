import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Topics

/// The listener for operators: health, metrics, what is open, and poking topics. Never on a public port.
package struct AdminServer: Sendable {
    private let gateway: GatewayServer
    private let upstream: @Sendable () -> UpstreamMetrics
    private let reload: @Sendable () async -> ReloadOutcome
    private let dashboard: [UInt8]
    private let logger: Logger

    /// - Parameters:
    ///   - upstream: the poller's numbers, asked for at each scrape.
    ///   - reload: reads the configuration again.
    ///   - dashboard: the page at `/`: HTML that reads the other paths.
    package init(
        gateway: GatewayServer,
        upstream: @escaping @Sendable () -> UpstreamMetrics,
        reload: @escaping @Sendable () async -> ReloadOutcome,
        dashboard: [UInt8],
        logger: Logger
    ) {
        self.dashboard = dashboard
        self.reload = reload
        self.gateway = gateway
        self.upstream = upstream
        self.logger = logger
    }

    /// Runs until the task is cancelled.
    ///
    /// - Parameter onBound: called once with the real address.
    /// - Throws: ``BindError``.
    package func run(
        on address: ListenerAddress,
        group: any EventLoopGroup,
        onBound: @escaping @Sendable (ListenerAddress) -> Void
    ) async throws {
        var quiet = logger
        // At the end it would report its own cancellation as an error.
        quiet.logLevel = .critical
        let application = Application(
            router: router(),
            configuration: ApplicationConfiguration(
                address: .hostname(address.host, port: address.port),
                serverName: "pushbridge"
            ),
            onServerRunning: { channel in
                onBound(ListenerAddress(host: address.host, port: channel.localAddress?.port ?? address.port))
            },
            eventLoopGroupProvider: .shared(group),
            logger: quiet
        )
        do {
            try await application.run()
        } catch is CancellationError {
            return
        } catch {
            throw BindError(address: address, underlying: error)
        }
    }

    private func router() -> Hummingbird.Router<BasicRequestContext> {
        let router = Hummingbird.Router(options: .autoGenerateHeadEndpoints)
        router.get("/") { _, _ in
            Response(
                status: .ok,
                headers: [
                    .contentType: "text/html; charset=utf-8", .cacheControl: "no-cache",
                    // The page is one file, and shows what others named: nothing from outside runs in it.
                    .contentSecurityPolicy:
                        "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:",
                ],
                body: .init(byteBuffer: ByteBuffer(bytes: dashboard))
            )
        }
        router.get("/healthz") { _, _ in "alive\n" }
        router.get("/readyz") { _, _ -> Response in
            gateway.isReady
                ? Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "ready\n")))
                : Response(status: .serviceUnavailable, body: .init(byteBuffer: ByteBuffer(string: "draining\n")))
        }
        router.get("/metrics") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(byteBuffer: gateway.metricsText(upstream()))
            )
        }
        router.get("/topics") { _, _ in try Self.json(gateway.topicInfos) }
        router.get("/connections") { _, _ in try Self.json(await gateway.connectionInfos()) }
        router.post("/poke") { request, _ -> Response in
            guard let name = request.uri.queryParameters["topic"].map(String.init) else {
                throw HTTPError(.badRequest, message: "name the topic: POST /poke?topic=/scores/premier")
            }
            let count = gateway.poke(name)
            guard count > 0 else {
                throw HTTPError(.notFound, message: "nobody listens to \(name) now, so it is not polled")
            }
            return try Self.json(["poked": count], status: .accepted)
        }
        router.post("/reload") { _, _ -> Response in
            switch await reload() {
            case .done(let report): return try Self.json(report)
            case .refused(let errors):
                let problem = ReloadProblem(errors: errors)
                return try Self.json(problem, status: .unprocessableContent, type: "application/problem+json")
            }
        }
        return router
    }

    private static func json(
        _ value: some Encodable,
        status: HTTPResponse.Status = .ok,
        type: String = "application/json"
    ) throws -> Response {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Response(
            status: status,
            headers: [.contentType: type],
            body: .init(byteBuffer: ByteBuffer(bytes: try encoder.encode(value) + Data("\n".utf8)))
        )
    }
}
