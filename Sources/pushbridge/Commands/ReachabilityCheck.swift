import BridgeConfiguration
import Foundation
import Gateway
import Logging
import NIOCore
import NIOPosix
import Polling

/// Tries what a configuration names: what the bridge would fetch is fetched, and what changes something or decides about
/// somebody is only connected to.
struct ReachabilityCheck {
    struct Finding {
        /// The route's path, or the key of a rule that stands above the routes.
        var place = ""
        let target: String
        let result: String
        let isFine: Bool

        static func untried(_ target: String) -> Finding {
            Finding(target: target, result: "not tried: it has parameters that only a client knows", isFine: true)
        }
    }

    private let poller: Poller
    private let logger = Logger(label: "check") { _ in SwiftLogNoOpLogHandler() }

    init() throws {
        poller = try Poller(logger: logger)
    }

    func end() async {
        await poller.shutdown()
    }

    /// In the order of routes; then what access rules ask, each once.
    func check(_ configuration: BridgeConfiguration) async -> [Finding] {
        var findings: [Finding] = []
        for route in configuration.routes {
            findings += await check(route).map { finding in
                var finding = finding
                finding.place = "\(route.path)"
                return finding
            }
        }
        var asked: Set<String> = []
        for (place, rules) in configuration.accessRules {
            for finding in await check(rules, &asked) {
                var finding = finding
                finding.place = place
                findings.append(finding)
            }
        }
        return findings
    }

    private func check(_ route: Route) async -> [Finding] {
        switch route.kind {
        case .poll(let poll):
            guard let send = poll.send else { return [await check(poll)] }
            let files = poll.tls
            let endpoint = await connect(
                to: FetchedURL(send.url),
                shown: send.url.text,
                tls: try TunnelTLS(ca: files?.ca, certificate: files?.certificate, key: files?.key)
            )
            return [await check(poll), endpoint]
        case .tunnel(let tunnel): return await check(tunnel, path: route.path.text)
        case .channel, .multiplex, .files: return []
        }
    }

    private func check(_ poll: PollRoute) async -> Finding {
        guard poll.url.parameters.isEmpty, let request = poll.request(TopicRequest()) else {
            return .untried(poll.url.text)
        }
        return await fetch(request)
    }

    private func fetch(_ request: FetchRequest) async -> Finding {
        do {
            let answer = try await poller.fetch(request)
            let type = answer.header("Content-Type") ?? "no Content-Type"
            return Finding(
                target: request.url,
                result: "\(answer.status), \(answer.body.count) bytes, \(type)",
                isFine: (200..<300).contains(answer.status)
            )
        } catch {
            return Finding(target: request.url, result: "\(error) (\(error.code.advice))", isFine: false)
        }
    }

    private func check(_ tunnel: TunnelRoute, path: String) async -> [Finding] {
        let service = TunnelService(tunnel, compression: .off, path: path, logger: logger)
        let tried = await service.tryBackends(on: MultiThreadedEventLoopGroup.singleton.next()).map { backend, error in
            Finding(
                target: "\(backend)",
                result: error.map { "cannot connect: \(TunnelFailure.text($0)) (\(TunnelFailure($0).advice))" }
                    ?? "connected",
                isFine: error == nil
            )
        }
        let chosen = (tunnel.to + tunnel.targets.values).filter { !$0.parameters.isEmpty }
        return tried + chosen.map { .untried("\($0)") }
    }

    // MARK: Access

    /// - Parameter asked: what need not be asked again.
    private func check(_ rules: AccessRules, _ asked: inout Set<String>) async -> [Finding] {
        var findings: [Finding] = []
        if case .keySetURL(let url)? = rules.jwt?.keys, asked.insert("GET \(url)").inserted {
            var request = FetchRequest(url: url)
            // As the bridge asks for keys.
            request.followsRedirects = false
            findings.append(await fetch(request))
        }
        if let url = rules.request?.url, asked.insert(url).inserted, let place = try? FetchedURL(url) {
            findings.append(await connect(to: place, shown: url, tls: try TunnelTLS()))
        }
        return findings
    }

    // MARK: Connecting

    /// As far as TLS goes; not a byte of HTTP.
    private func connect(
        to place: FetchedURL,
        shown: String,
        tls: @autoclosure () throws -> TunnelTLS
    ) async -> Finding {
        let service: TunnelService
        do {
            service = TunnelService(
                .any([TunnelBackend(.host(place.host, port: String(place.port)), usesTLS: place.isHTTPS)]),
                tls: try tls()
            )
        } catch {
            return Finding(target: shown, result: "the tls files cannot be used: \(error)", isFine: false)
        }
        let tried = await service.tryBackends(on: MultiThreadedEventLoopGroup.singleton.next())
        let error = tried.first?.error
        return Finding(
            target: shown,
            result: error.map { "cannot connect: \(TunnelFailure.text($0))" } ?? "connected",
            isFine: error == nil
        )
    }
}

extension BridgeConfiguration {
    /// All rules with their places; the admin listener's too.
    fileprivate var accessRules: [(place: String, rules: AccessRules)] {
        let above = [("access", access as AccessRules?), ("admin.access", admin?.access)]
        let all = above + routes.map { ("\($0.path)", $0.access) }
        return all.compactMap { place, rules in rules.map { (place, $0) } }
    }
}
