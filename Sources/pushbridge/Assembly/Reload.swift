import Access
import BridgeConfiguration
import Gateway
import Logging
import Polling

/// Reads the configuration again while the bridge runs, once at a time. Where the file or a certificate is wrong,
/// nothing changes.
actor Reload {
    private let readFile: (@Sendable () throws(ConfigurationErrors) -> BridgeConfiguration)?
    private let gateway: GatewayServer
    private let policies: AccessPolicies
    private let adminAccess: ReplaceablePolicy?
    private let poller: Poller
    private let extraRoutes: [GatewayRoute]
    private let inherited: InheritedListeners
    private let status: ServiceStatus
    private let logger: Logger
    private var configuration: BridgeConfiguration
    /// What the process was started with.
    private let first: BridgeConfiguration
    /// The newest reload; the next waits for its end.
    private var newest: Task<ReloadOutcome, Never>?
    /// Of the configuration's routes, in its order.
    private var routes: [GatewayRoute]

    /// - Parameter read: nil where there is no file, as in the demo.
    init(
        configuration: BridgeConfiguration,
        routes: [GatewayRoute],
        extraRoutes: [GatewayRoute],
        inherited: InheritedListeners,
        status: ServiceStatus,
        gateway: GatewayServer,
        policies: AccessPolicies,
        adminAccess: ReplaceablePolicy?,
        poller: Poller,
        logger: Logger,
        read: (@Sendable () throws(ConfigurationErrors) -> BridgeConfiguration)?
    ) {
        self.configuration = configuration
        first = configuration
        self.routes = routes
        self.extraRoutes = extraRoutes
        self.inherited = inherited
        self.status = status
        self.gateway = gateway
        self.policies = policies
        self.adminAccess = adminAccess
        self.poller = poller
        self.logger = logger
        readFile = read
    }

    func run() async -> ReloadOutcome {
        let next = Task { [newest] in
            _ = await newest?.value
            return await reload()
        }
        newest = next
        return await next.value
    }

    private func reload() async -> ReloadOutcome {
        status.reloading()
        let outcome = await read()
        switch outcome {
        case .done(let report):
            for url in report.opened { Output.line("pushbridge ready: \(url)") }
            logger.notice(
                "configuration reloaded",
                metadata: [
                    "added": "\(report.added)", "changed": "\(report.changed)", "removed": "\(report.removed)",
                    "kept": "\(report.kept)", "opened": "\(report.opened)", "closed": "\(report.closed)",
                ]
            )
            if !report.needRestart.isEmpty {
                logger.warning(
                    "changed, but in force only after a restart",
                    metadata: ["keys": "\(report.needRestart)"]
                )
            }
        case .refused(let errors):
            logger.error("configuration not reloaded, nothing has changed", metadata: ["errors": "\(errors)"])
        }
        status.reloaded(outcome)
        return outcome
    }

    /// Everything that may fail comes before the first change.
    private func read() async -> ReloadOutcome {
        guard let readFile else { return .refused(errors: ["there is no configuration file to read again"]) }
        let new: BridgeConfiguration
        do throws(ConfigurationErrors) {
            new = try readFile()
        } catch {
            return .refused(errors: error.errors.map { "\($0)" })
        }
        let access: [AccessRules: AccessPolicy]
        do throws(UnusableFile) {
            access = try policies.policies(for: new)
        } catch {
            return .refused(errors: ["\(error)"])
        }
        let renewals: [TunnelTLS.Renewal]
        do throws(UnusableTunnelFiles) {
            renewals = try renewedTLS(for: new)
        } catch {
            return .refused(errors: ["\(error)"])
        }
        let addresses: [ListenerAddress]
        do throws(InvalidListeners) {
            addresses = try new.listenerAddresses(inherited: inherited)
        } catch {
            return .refused(errors: error.errors)
        }
        let listeners: GatewayServer.BoundListeners
        do throws(BindError) {
            listeners = try await gateway.bind(addresses)
        } catch {
            return .refused(errors: ["\(error)"])
        }
        // Other rules for operators wait for a restart, as their address does; the files of the same are read again.
        if new.admin == first.admin, let policy = new.admin?.access.flatMap({ access[$0] }) {
            adminAccess?.replace(with: policy)
        }
        // Before the first connection is taken there: a new listener may rest on new access rules.
        gateway.apply(new.gatewaySettings)
        for renewal in renewals { renewal.apply() }
        var report = replaceRoutes(with: new, access)
        report.opened = listeners.opened.map(\.url)
        report.closed = listeners.closed.map(\.url)
        LogOutput.write(from: new.logLevel)
        configuration = new
        await gateway.accept(on: listeners)
        return .done(report)
    }

    private func replaceRoutes(
        with new: BridgeConfiguration,
        _ access: [AccessRules: AccessPolicy]
    ) -> ReloadReport {
        let old = Array(zip(configuration.routes, routes))
        var report = ReloadReport(
            added: [],
            changed: [],
            removed: [],
            kept: 0,
            needRestart: Self.keysThatNeedRestart(from: first, to: new)
        )
        routes = new.routes.map { route in
            guard let (before, running) = old.first(where: { $0.0.path.text == route.path.text }) else {
                report.added.append(route.path.text)
                return route.gatewayRoute(new, policies: access, poller: poller, logger: logger)
            }
            if isSame(before, route, in: new) {
                report.kept += 1
                // Users and keys have been read again.
                return running.asking(access[route.access ?? new.access])
            }
            report.changed.append(route.path.text)
            return route.gatewayRoute(new, policies: access, poller: poller, logger: logger)
        }
        report.removed = configuration.routes.map(\.path.text).filter { path in
            !new.routes.contains { $0.path.text == path }
        }
        gateway.replace(routes: routes + extraRoutes, ending: Set(report.changed + report.removed))
        return report
    }

    /// Whether a route of the new configuration is the running one.
    private func isSame(_ before: Route, _ route: Route, in new: BridgeConfiguration) -> Bool {
        before.kind == route.kind && before.compression == route.compression && before.limits == route.limits
            && (before.access ?? configuration.access) == (route.access ?? new.access)
    }

    /// The files of `tunnel.tls` may have changed under routes that have not.
    private func renewedTLS(for new: BridgeConfiguration) throws(UnusableTunnelFiles) -> [TunnelTLS.Renewal] {
        var renewals: [TunnelTLS.Renewal] = []
        for (before, running) in zip(configuration.routes, routes) {
            guard case .tunnel(let tunnel) = before.kind, tunnel.tls?.namesFiles == true,
                case .tunnel(let service) = running.service,
                new.routes.contains(where: { $0.path.text == before.path.text && isSame(before, $0, in: new) })
            else { continue }
            do {
                if let renewal = try service.renewedTLS() { renewals.append(renewal) }
            } catch {
                throw UnusableTunnelFiles(path: before.path.text, reason: "\(error)")
            }
        }
        return renewals
    }

    private static func keysThatNeedRestart(from old: BridgeConfiguration, to new: BridgeConfiguration) -> [String] {
        [
            ("admin", old.admin == new.admin), ("upstream", old.upstream == new.upstream),
            ("accessLog", old.accessLog == new.accessLog),
            ("eventLoops", old.eventLoops == new.eventLoops),
        ].filter { !$0.1 }.map(\.0)
    }
}

/// Somebody changed a file of a tunnel's TLS after the configuration had been validated.
struct UnusableTunnelFiles: Error, CustomStringConvertible {
    /// The route's.
    let path: String
    let reason: String

    var description: String { "the files of tunnel.tls of the route \(path) cannot be used: \(reason)" }
}

extension BackendTLS {
    fileprivate var namesFiles: Bool { ca != nil || certificate != nil }
}
