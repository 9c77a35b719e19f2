import APIDescription
import ArgumentParser
import BridgeConfiguration
import Foundation
import Gateway
import Logging
import NIOCore
import NIOPosix
import Polling

/// `pushbridge check`.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Validate a configuration; every error with its place in the file.",
        discussion:
            "Ends with 0 where the file is right, with 78 where it is not or, with --connect, something is out of reach."
    )

    @OptionGroup var file: ConfigurationFile

    @Flag(help: "Also try every upstream and backend.")
    var connect = false

    @Flag(help: "Print what the routes offer over WebSocket as an AsyncAPI 3.0 document.")
    var asyncapi = false

    func validate() throws {
        if connect, asyncapi { throw ValidationError("--connect and --asyncapi do not go together.") }
    }

    func run() async throws {
        try requireLibcurl()
        let configuration = try file.load()
        try checkCertificates(configuration)
        if asyncapi {
            let version = Pushbridge.configuration.version
            Output.line(try AsyncAPIDocument(configuration, version: version).json())
            return
        }
        Output.line("\(file.config): fine, \(configuration.routes.count) routes")
        guard connect else { return }
        let reach = try ReachabilityCheck()
        var isComplete = true
        for route in configuration.routes {
            for finding in await reach.check(route) {
                Output.line("  \(route.path)  \(finding.target)  \(finding.result)")
                isComplete = isComplete && finding.isFine
            }
        }
        await reach.end()
        if !isComplete { throw ExitStatus.configuration }
    }

    private func checkCertificates(_ configuration: BridgeConfiguration) throws {
        do throws(InvalidListeners) {
            _ = try configuration.listenerAddresses(inherited: nil)
        } catch {
            Output.error("\(error)")
            throw ExitStatus.configuration
        }
    }
}

/// Tries what stands behind routes.
private struct ReachabilityCheck {
    struct Finding {
        var target: String
        var result: String
        var isFine: Bool
    }

    private let poller: Poller

    init() throws {
        poller = try Poller(logger: Logger(label: "check") { _ in SwiftLogNoOpLogHandler() })
    }

    func end() async {
        await poller.shutdown()
    }

    func check(_ route: Route) async -> [Finding] {
        switch route.kind {
        case .poll(let poll): return [await check(poll)]
        case .tunnel(let tunnel):
            return await check(tunnel, path: route.path.text)
        case .channel, .multiplex, .files: return []
        }
    }

    private func check(_ poll: PollRoute) async -> Finding {
        guard poll.url.parameters.isEmpty, let request = poll.request(TopicRequest()) else {
            return Finding(
                target: poll.url.text,
                result: "not tried: it has parameters that only a client knows",
                isFine: true
            )
        }
        do {
            let answer = try await poller.fetch(request)
            let isFine = (200..<300).contains(answer.status)
            let type = answer.header("Content-Type") ?? "no Content-Type"
            return Finding(
                target: request.url,
                result: "\(answer.status), \(answer.body.count) bytes, \(type)",
                isFine: isFine
            )
        } catch {
            return Finding(target: request.url, result: "\(error) (\(error.code.advice))", isFine: false)
        }
    }

    private func check(_ tunnel: TunnelRoute, path: String) async -> [Finding] {
        let logger = Logger(label: "check") { _ in SwiftLogNoOpLogHandler() }
        let service = TunnelService(tunnel, compression: .off, path: path, logger: logger)
        let tried = await service.tryBackends(on: MultiThreadedEventLoopGroup.singleton.next()).map { backend, error in
            Finding(
                target: "\(backend)",
                result: error.map { "cannot connect: \(TunnelFailure.text($0)) (\(TunnelFailure($0).advice))" }
                    ?? "connected",
                isFine: error == nil
            )
        }
        let chosen = (tunnel.to + tunnel.targets.values).filter { !$0.parameters.isEmpty }.map { address in
            Finding(
                target: "\(address)",
                result: "not tried: it has parameters that only a client knows",
                isFine: true
            )
        }
        return tried + chosen
    }
}
