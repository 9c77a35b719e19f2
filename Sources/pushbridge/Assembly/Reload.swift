import BridgeConfiguration
import Gateway
import Logging
import Polling

/// Reads the configuration again while the bridge runs, once at a time. Where the file or a certificate is wrong,
/// nothing changes.
actor Reload {
    private let read: (@Sendable () throws(ConfigurationErrors) -> BridgeConfiguration)?
    private let gateway: GatewayServer
    private let poller: Poller
    private let extraRoutes: [GatewayRoute]
    private let certificates: [ListenerTLS]
    private let logger: Logger
    private var configuration: BridgeConfiguration
    /// Of the configuration's routes, in its order.
    private var routes: [GatewayRoute]

    /// - Parameter read: nil where there is no file, as in the demo.
    init(
        configuration: BridgeConfiguration,
        routes: [GatewayRoute],
        extraRoutes: [GatewayRoute],
        certificates: [ListenerTLS],
        gateway: GatewayServer,
        poller: Poller,
        logger: Logger,
        read: (@Sendable () throws(ConfigurationErrors) -> BridgeConfiguration)?
    ) {
        self.configuration = configuration
        self.routes = routes
        self.extraRoutes = extraRoutes
        self.certificates = certificates
        self.gateway = gateway
        self.poller = poller
        self.logger = logger
        self.read = read
    }

    func run() -> ReloadOutcome {
        let outcome = reload()
        switch outcome {
        case .done(let report):
            logger.notice(
                "configuration reloaded",
                metadata: [
                    "added": "\(report.added)", "changed": "\(report.changed)", "removed": "\(report.removed)",
                    "kept": "\(report.kept)",
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
        return outcome
    }

    private func reload() -> ReloadOutcome {
        guard let read else { return .refused(errors: ["there is no configuration file to read again"]) }
        let new: BridgeConfiguration
        do throws(ConfigurationErrors) {
            new = try read()
        } catch {
            return .refused(errors: error.errors.map { "\($0)" })
        }
        do throws(ListenerTLS.InvalidFile) {
            try ListenerTLS.reload(certificates)
        } catch {
            return .refused(errors: ["\(error)"])
        }
        let report = replaceRoutes(with: new)
        configuration = new
        return .done(report)
    }

    private func replaceRoutes(with new: BridgeConfiguration) -> ReloadReport {
        let old = Array(zip(configuration.routes, routes))
        var report = ReloadReport(
            added: [],
            changed: [],
            removed: [],
            kept: 0,
            needRestart: Self.keysThatNeedRestart(from: configuration, to: new)
        )
        routes = new.routes.map { route in
            guard let (before, running) = old.first(where: { $0.0.path.text == route.path.text }) else {
                report.added.append(route.path.text)
                return route.gatewayRoute(new, poller: poller, logger: logger)
            }
            let isSame =
                before.kind == route.kind && before.compression == route.compression
                && (before.access ?? configuration.access) == (route.access ?? new.access)
            if isSame {
                report.kept += 1
                return running
            }
            report.changed.append(route.path.text)
            return route.gatewayRoute(new, poller: poller, logger: logger)
        }
        report.removed = configuration.routes.map(\.path.text).filter { path in
            !new.routes.contains { $0.path.text == path }
        }
        gateway.replace(routes: routes + extraRoutes, ending: Set(report.changed + report.removed))
        return report
    }

    private static func keysThatNeedRestart(from old: BridgeConfiguration, to new: BridgeConfiguration) -> [String] {
        [
            ("listen", old.listen == new.listen), ("admin", old.admin == new.admin),
            ("limits", old.limits == new.limits), ("keepAlive", old.keepAlive == new.keepAlive),
            ("upstream", old.upstream == new.upstream), ("drain", old.drain == new.drain),
            ("eventLoops", old.eventLoops == new.eventLoops), ("logLevel", old.logLevel == new.logLevel),
        ].filter { !$0.1 }.map(\.0)
    }
}
