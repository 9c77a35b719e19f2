import ArgumentParser
import BridgeConfiguration
import DemoServices
import Foundation
import Gateway
import Logging
import NIOCore
import NIOPosix

/// `pushbridge demo`.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run a legacy scoreboard API, TCP services, the bridge and its pages; needs no file.",
        discussion: """
            Open the printed URL: a client that polls and a client that is pushed, side by side on the same league. \
            The legacy API, a TCP echo and a TCP chat listen on ports 8081, 7007 and 7008, or where one of these is taken \
            and was not asked for, on free ones. So does one whose usual port --port gives to the bridge.
            """
    )

    @Option(name: [.short, .long], help: "Port of the bridge and its pages; 0 lets the system choose.")
    var port = 8080

    @Option(help: "Address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "Port of the legacy API; 0 lets the system choose. (default: 8081)")
    var legacyPort: Int?

    @Option(help: "Port of the TCP echo; 0 lets the system choose. (default: 7007)")
    var echoPort: Int?

    @Option(help: "Port of the TCP chat; 0 lets the system choose. (default: 7008)")
    var chatPort: Int?

    @Flag(help: "Run the legacy API and the TCP services alone, for a bridge of your own.")
    var servicesOnly = false

    func validate() throws {
        for port in [port, legacyPort ?? 0, echoPort ?? 0, chatPort ?? 0] where !(0...65535).contains(port) {
            throw ValidationError("a port is a number from 0 to 65535, not \(port)")
        }
        let asked = [("--port", servicesOnly ? nil : port), ("--legacy-port", legacyPort), ("--echo-port", echoPort)]
        let named = (asked + [("--chat-port", chatPort)]).compactMap { name, port in port.map { (name, $0) } }
        for (index, (name, port)) in named.enumerated() where port != 0 {
            if let other = named[..<index].first(where: { $0.1 == port }) {
                throw ValidationError("\(other.0) and \(name) are both \(port)")
            }
        }
    }

    func run() async throws {
        try requireLibcurl()
        let group = MultiThreadedEventLoopGroup.singleton
        let log = LogOutput.bootstrap(level: .info, accessLog: .off)
        try await log.flushing { try await run(group, log) }
    }

    private func run(_ group: MultiThreadedEventLoopGroup, _ log: LogQueue) async throws {
        let services: DemoServices
        do {
            services = try await startServices(group)
        } catch {
            Output.error("\(error)")
            throw ExitStatus.unavailable
        }
        let legacy = "http://\(authority(services.legacyPort))"
        Output.line("legacy API: \(legacy)/legacy/scores?league=premier")
        Output.line("tcp echo: \(authority(services.echoPort)), tcp chat: \(authority(services.chatPort))")
        guard !servicesOnly else {
            try await SignalWait.untilStopped()
            try await services.stop()
            return
        }
        let process = BridgeProcess(
            configuration: try configuration(services),
            log: log,
            extraRoutes: [.demoPages(legacy: legacy, leagues: League.all.map(\.id))]
        )
        try await process.run()
        try await services.stop()
    }

    /// On the usual ports, or on free ones where these are taken: unless a port was asked for by name, or a bridge of
    /// the user's own counts on it.
    private func startServices(_ group: any EventLoopGroup) async throws -> DemoServices {
        // The bridge's port, and those that were asked for, are nobody else's.
        let asked = [servicesOnly ? nil : port, legacyPort, echoPort, chatPort].compactMap(\.self)
        func unasked(_ usual: Int) -> Int { asked.contains(usual) ? 0 : usual }
        func start(_ usual: (legacy: Int, echo: Int, chat: Int)) async throws -> DemoServices {
            try await DemoServices.start(
                host: host,
                legacyPort: legacyPort ?? unasked(usual.legacy),
                echoPort: echoPort ?? unasked(usual.echo),
                chatPort: chatPort ?? unasked(usual.chat),
                group: group,
                logger: Logger(label: "demo")
            )
        }
        do {
            return try await start((8081, 7007, 7008))
        } catch  where !servicesOnly {
            return try await start((0, 0, 0))
        }
    }

    /// The same routes as in config.json at the top of the repository, on the ports that were found free.
    private func configuration(_ services: DemoServices) throws -> BridgeConfiguration {
        let legacy = "http://\(authority(services.legacyPort))/legacy"
        let text = """
            {
              "listen": [{ "host": "\(host)", "port": \(port) }],
              "accessLog": "off",
              "routes": [
                { "path": "/scores/{league}",
                  "poll": {
                    "url": "\(legacy)/scores?league={league}",
                    "interval": "1s",
                    "keys": { "/matches": "id" },
                    "ignore": ["/generatedAt"]
                  } },
                { "path": "/scores-xml/{league}",
                  "poll": {
                    "url": "\(legacy)/scores.xml?league={league}",
                    "interval": "1s",
                    "keys": { "/scores/match": "@id", "/scores/match/*/event": "@id" },
                    "ignore": ["/scores/@generatedAt"]
                  } },
                { "path": "/quotes",
                  "poll": { "url": "\(legacy)/quotes", "interval": "500ms", "keys": { "/quotes": "symbol" } } },
                { "path": "/vehicles",
                  "poll": { "url": "\(legacy)/vehicles", "interval": "500ms", "keys": { "/vehicles": "id" } } },
                { "path": "/chat",
                  "poll": {
                    "url": "\(legacy)/chat",
                    "interval": "2s",
                    "keys": { "/messages": "id" },
                    "send": { "url": "\(legacy)/chat" }
                  } },
                { "path": "/tunnel/echo", "tunnel": { "to": "tcp://\(authority(services.echoPort))" } },
                { "path": "/tunnel/chat", "tunnel": { "to": "tcp://\(authority(services.chatPort))" } },
                { "path": "/rooms/{room}", "channel": { "history": 50 } },
                { "path": "/connect", "multiplex": {} }
              ]
            }
            """
        return try BridgeConfiguration.parse(
            text,
            fileName: "demo",
            environment: [:],
            baseDirectory: FileManager.default.currentDirectoryPath
        )
    }

    private func authority(_ port: Int) -> String {
        Authority(host: host, port: port).description
    }
}
