import Access
import ArgumentParser
import BridgeConfiguration
import Foundation
import Gateway
import Logging
import NIOCore
import NIOPosix
import Polling
import Systemd
import Topics
import UnixSignals

/// The bridge as a process: rooms put together, signals, the ready line, an orderly end.
struct BridgeProcess {
    let configuration: BridgeConfiguration
    /// Where the access log goes too. Whoever runs the process flushes it at the end.
    let log: LogQueue
    /// Routes that no configuration can name, behind those that it does.
    var extraRoutes: [GatewayRoute] = []
    /// Reads the configuration again; nil where there is no file.
    var read: (@Sendable () throws(ConfigurationErrors) -> BridgeConfiguration)?

    /// Returns after a signal has asked for the end and the connections have been closed.
    ///
    /// - Throws: `ExitCode`.
    func run() async throws {
        let openFiles = OpenFiles.raiseLimit()
        // A peer that goes away while libcurl writes must not end the process.
        signal(SIGPIPE, SIG_IGN)
        let logger = Logger(label: "pushbridge")
        if let openFiles, openFiles < configuration.limits.connections {
            logger.warning(
                "fewer descriptors than limits.connections: past them newcomers wait instead of being answered with 503",
                metadata: ["descriptors": "\(openFiles)", "connections": "\(configuration.limits.connections)"]
            )
        }
        let environment = ProcessInfo.processInfo.environment
        let inherited: InheritedListeners
        let addresses: [ListenerAddress]
        do {
            let sockets = try PassedSocket.all(environment: environment, processIdentifier: getpid())
            inherited = InheritedListeners(sockets)
            addresses = try configuration.listenerAddresses(inherited: inherited)
        } catch {
            Output.error("\(error)")
            throw ExitStatus.configuration
        }
        for socket in inherited.unused(by: configuration.listen) {
            logger.warning(
                "a socket that the service manager passed is not used: no entry of listen has its address or its name",
                metadata: ["address": "\(socket.address)", "name": "\(socket.name)"]
            )
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.eventLoops ?? System.coreCount)
        let poller: Poller
        do {
            poller = try Poller(logger: logger, limits: configuration.upstreamLimits)
        } catch {
            Output.error("\(error)")
            throw ExitStatus.software
        }
        let policies = AccessPolicies(poller: poller, logger: logger)
        let routes: [GatewayRoute]
        let adminAccess: ReplaceablePolicy?
        do throws(UnusableFile) {
            let access = try policies.policies(for: configuration)
            adminAccess = configuration.admin?.access.flatMap { access[$0] }.map(ReplaceablePolicy.init)
            routes = configuration.routes.map { route in
                route.gatewayRoute(configuration, policies: access, poller: poller, logger: logger)
            }
        } catch {
            Output.error("\(error)")
            await poller.shutdown()
            throw ExitStatus.configuration
        }
        let fixedRoutes = extraRoutes + [.clientLibrary]
        let accessLog = AccessLog(configuration.accessLog, queue: log)
        let gateway = GatewayServer(
            group: group,
            settings: configuration.gatewaySettings,
            routes: routes + fixedRoutes,
            topics: TopicRegistry(),
            accessLog: accessLog,
            logger: logger
        )
        let listeners: [ListenerAddress]
        do {
            listeners = try await gateway.start(addresses)
        } catch {
            Output.error("\(error)")
            await poller.shutdown()
            throw ExitStatus.unavailable
        }
        let status = ServiceStatus(ServiceNotifier(environment: environment), gateway: gateway)
        let reload = Reload(
            configuration: configuration,
            routes: routes,
            extraRoutes: fixedRoutes,
            inherited: inherited,
            status: status,
            gateway: gateway,
            policies: policies,
            adminAccess: adminAccess,
            poller: poller,
            logger: logger,
            read: read
        )
        let reloads = Task { [signals = await UnixSignalsSequence(trapping: .sighup)] in
            for await _ in signals { _ = await reload.run() }
        }
        defer { reloads.cancel() }
        let admin = AdminServer(
            gateway: gateway,
            access: adminAccess,
            origins: configuration.admin?.access.map { OriginPolicy($0.origins) } ?? .sameOrigin,
            upstream: { UpstreamMetrics(poller.statistics) },
            reload: { await reload.run() },
            dashboard: PackageResources.dashboard_html,
            clientLibrary: PackageResources.pushbridge_js,
            logger: logger
        )
        let adminTask: Task<Void, Never>?
        let readyLines: [String]
        do {
            let (task, address) = try await start(admin, group: group)
            adminTask = task
            readyLines =
                listeners.map { "pushbridge ready: \($0.url)" }
                + (address.map { ["pushbridge ready: http://\($0) (admin)"] } ?? [])
        } catch {
            Output.error("\(error)")
            await gateway.stop()
            await poller.shutdown()
            throw ExitStatus.unavailable
        }
        let watchdog = Task { [processIdentifier = getpid()] in
            await status.keepWatchdogQuiet(
                Watchdog(environment: environment, processIdentifier: processIdentifier),
                group: group
            )
        }
        defer { watchdog.cancel() }
        try await SignalWait.untilStopped {
            for line in readyLines { Output.line(line) }
            status.ready()
        }
        status.stopping()
        logger.info("stopping", metadata: ["drain": "\(configuration.drain)"])
        await gateway.stop()
        adminTask?.cancel()
        await adminTask?.value
        await poller.shutdown()
        try? await group.shutdownGracefully()
    }
}

extension BridgeProcess {
    /// Starts the admin listener where the configuration has one; returns once it is bound.
    private func start(
        _ admin: AdminServer,
        group: MultiThreadedEventLoopGroup
    ) async throws -> (Task<Void, Never>?, ListenerAddress?) {
        guard let address = configuration.admin else { return (nil, nil) }
        let (bound, continuation) = AsyncThrowingStream.makeStream(of: ListenerAddress.self)
        let task = Task {
            do {
                try await admin.run(on: ListenerAddress(host: address.host, port: address.port), group: group) {
                    continuation.yield($0)
                }
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
            }
        }
        for try await address in bound { return (task, address) }
        return (task, nil)
    }
}

extension UpstreamMetrics {
    fileprivate init(_ statistics: PollerStatistics) {
        self.init(
            durations: HistogramSnapshot(
                bounds: DurationHistogram.bounds,
                counts: statistics.durations.counts,
                sumSeconds: statistics.durations.sumSeconds
            ),
            bytesReceived: statistics.bytesReceived
        )
    }
}
