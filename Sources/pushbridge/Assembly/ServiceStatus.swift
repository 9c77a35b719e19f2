import Foundation
import Gateway
import NIOCore
import Systemd

/// What the service manager is told of the bridge, where one waits for it. Sending blocks, so it is done off the event
/// loops.
struct ServiceStatus: Sendable {
    private let notifier: ServiceNotifier?
    private let gateway: GatewayServer

    init(_ notifier: ServiceNotifier?, gateway: GatewayServer) {
        self.notifier = notifier
        self.gateway = gateway
    }

    func ready() {
        notifier?.send(.ready, .status("serving"))
    }

    func reloading() {
        notifier?.send(.reloadingNow, .status("reading the configuration again"))
    }

    /// The end of a reload, whether or not it changed anything.
    func reloaded(_ outcome: ReloadOutcome) {
        switch outcome {
        case .done: notifier?.send(.ready, .status("serving; configuration reloaded"))
        case .refused(let errors):
            let first = errors.first ?? "unknown"
            notifier?.send(.ready, .status("serving; reload refused, nothing has changed: \(first)"))
        }
    }

    func stopping() {
        notifier?.send(.stopping, .status("closing \(gateway.connectionCount) connections"))
    }

    /// Tells the watchdog that the bridge is alive as long as all event loops do their work. Until the task is cancelled.
    func keepWatchdogQuiet(_ watchdog: Watchdog?, group: any EventLoopGroup) async {
        guard let watchdog else { return }
        await watchdog.run {
            for loop in group.makeIterator() { try? await loop.submit {}.get() }
        } ping: {
            notifier?.send(.watchdog)
        }
    }
}
