import APIDescription
import ArgumentParser
import BridgeConfiguration
import Foundation
import Gateway

/// `pushbridge check`.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Validate a configuration; every error with its place in the file.",
        discussion: """
            With --connect, poll URLs without parameters and key sets (jwks) are fetched; tunnel backends, and the URLs of \
            send and access.request, are connected to, TLS included, and sent nothing.

            Ends with 0 where the file is right, with 78 where it is not or, with --connect, something is out of reach.
            """
    )

    @OptionGroup var file: ConfigurationFile

    @Flag(help: "Also try every upstream, backend and server that access rules ask.")
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
        for finding in await reach.check(configuration) {
            Output.line("  \(finding.place)  \(finding.target)  \(finding.result)")
            isComplete = isComplete && finding.isFine
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
