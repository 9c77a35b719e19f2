import DemoServices
import Logging
import NIOPosix

/// Runs a test against services on ports of the system's choosing, and stops them whatever happens.
func withServices(
    _ options: DemoServices.Options = DemoServices.Options(answerDelay: 0...1),
    _ body: (DemoServices) async throws -> Void
) async throws {
    var logger = Logger(label: "demo-services-tests")
    logger.logLevel = .error
    let services = try await DemoServices.start(
        legacyPort: 0,
        echoPort: 0,
        chatPort: 0,
        group: MultiThreadedEventLoopGroup.singleton,
        options: options,
        logger: logger
    )
    do {
        try await body(services)
    } catch {
        try await services.stop()
        throw error
    }
    try await services.stop()
}
