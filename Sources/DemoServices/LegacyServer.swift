import Hummingbird
import Logging
import NIOCore

/// The legacy API's listener: one run of it, from bound to closed.
struct LegacyServer: Sendable {
    /// The port that is bound.
    let port: Int
    private let run: Task<Void, Never>

    /// Returns once the port is bound. Throws ``DemoServicesError`` where that fails.
    static func start(
        api: LegacyAPI,
        host: String,
        port: Int,
        group: any EventLoopGroup,
        logger: Logger
    ) async throws -> LegacyServer {
        let (ports, continuation) = AsyncThrowingStream<Int, any Error>.makeStream()
        var quietLogger = logger
        // Hummingbird reports each start, and each stop by cancellation as an error. Being stopped so is what this
        // server is for, and a failure to start is thrown.
        quietLogger.logLevel = .critical
        let application = Application(
            responder: api,
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), serverName: "scoreboard/1.4"),
            onServerRunning: { channel in continuation.yield(channel.localAddress?.port ?? port) },
            eventLoopGroupProvider: .shared(group),
            logger: quietLogger
        )
        let run = Task {
            do {
                try await application.run()
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
            }
        }
        do {
            for try await bound in ports { return LegacyServer(port: bound, run: run) }
            throw CancellationError()
        } catch {
            run.cancel()
            throw DemoServicesError(service: "legacy API", host: host, port: port, reason: "\(error)")
        }
    }

    /// Closes the listener and all its connections at once; returns when they are closed.
    func stop() async {
        run.cancel()
        await run.value
    }
}
