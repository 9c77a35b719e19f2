/// The service manager's watchdog: it restarts a process that does not say often enough that it is alive
/// (sd_watchdog_enabled(3)).
package struct Watchdog: Sendable {
    /// How often to say so: half of what the service manager asks for, as it recommends.
    package let interval: Duration

    /// Nil where there is no watchdog, or it watches another process.
    package init?(environment: [String: String], processIdentifier: Int32) {
        guard let microseconds = environment["WATCHDOG_USEC"].flatMap({ Int64($0) }), microseconds > 0 else {
            return nil
        }
        if let watched = environment["WATCHDOG_PID"], Int32(watched) != processIdentifier { return nil }
        interval = .microseconds(microseconds / 2)
    }

    /// Runs until the task is cancelled.
    ///
    /// - Parameters:
    ///   - pulse: returns when everything that has to move has moved. As long as it does not, nothing is said.
    ///   - ping: says that the process is alive.
    package func run(pulse: @Sendable () async -> Void, ping: @Sendable () async -> Void) async {
        while !Task.isCancelled {
            await pulse()
            await ping()
            try? await Task.sleep(for: interval)
        }
    }
}
