import Logging
import ServiceLifecycle
import UnixSignals

/// Waits for the signals that end the process.
enum SignalWait {
    /// Returns after SIGTERM or SIGINT.
    ///
    /// - Parameter announce: called as soon as the signals are caught: whoever reads what it prints may send one at once.
    static func untilStopped(_ announce: @escaping @Sendable () -> Void = {}) async throws {
        let group = ServiceGroup(
            configuration: .init(
                services: [
                    .init(service: Idle(announce: announce), successTerminationBehavior: .gracefullyShutdownGroup)
                ],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: Logger(label: "signals") { _ in SwiftLogNoOpLogHandler() }
            )
        )
        try await group.run()
    }

    private struct Idle: Service {
        let announce: @Sendable () -> Void

        func run() async throws {
            announce()
            try await gracefulShutdown()
        }
    }
}
