import ArgumentParser
import BridgeConfiguration
import Foundation
import Gateway
import Logging
import NIOPosix
import ServiceLifecycle

/// `pushbridge serve`.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the bridge.",
        discussion: """
            Prints `pushbridge ready: URL` for each listener once all are bound. SIGTERM and SIGINT end it in good \
            order: clients are told to come back (close code 1001, spread over `drain`). Logs go to standard error.
            """
    )

    @OptionGroup var file: ConfigurationFile

    func run() async throws {
        try requireLibcurl()
        let configuration = try file.load()
        let log = LogOutput.bootstrap(level: configuration.logLevel, accessLog: configuration.accessLog)
        let name = file.config
        let process = BridgeProcess(configuration: configuration, log: log) { () throws(ConfigurationErrors) in
            try BridgeConfiguration.load(
                file: name,
                environment: ProcessInfo.processInfo.environment,
                inspector: FileInspection()
            )
        }
        try await log.flushing { try await process.run() }
    }
}

/// The option that names the configuration, shared by commands.
struct ConfigurationFile: ParsableArguments {
    @Option(
        name: [.short, .long],
        help: "The configuration: JSON with comments.",
        completion: .file(extensions: ["json"])
    )
    var config = "config.json"

    /// Reads and validates the file; prints every error with its place where it is wrong.
    func load() throws -> BridgeConfiguration {
        do {
            return try BridgeConfiguration.load(
                file: config,
                environment: ProcessInfo.processInfo.environment,
                inspector: FileInspection()
            )
        } catch {
            Output.error("\(error)")
            throw ExitStatus.configuration
        }
    }
}
