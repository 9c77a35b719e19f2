import ArgumentParser
import Foundation
import Polling
import PushbridgeClient

/// The command line.
@main
struct Pushbridge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pushbridge",
        abstract: "Puts push in front of polled HTTP endpoints, and TCP services behind WebSockets.",
        discussion: """
            WebSocket, Server-Sent Events and plain HTTP clients connect to the routes of a config.json; each route \
            polls a legacy endpoint once for all of them, tunnels to a TCP service, relays messages between clients, or \
            serves files. Begin with `pushbridge demo`.
            """,
        version: "0.1.0",
        subcommands: [
            ServeCommand.self, DemoCommand.self, CheckCommand.self, ConnectCommand.self, WatchCommand.self,
            ProbeCommand.self, BenchCommand.self,
        ]
    )
}

extension AsyncParsableCommand {
    /// For commands that fetch: ends here, with what to do, where the machine has no libcurl.
    func requireLibcurl() throws {
        guard let reason = Libcurl.failure else { return }
        Output.error(
            """
            pushbridge: libcurl, which fetches from endpoints, cannot be used: \(reason)
            Install it: in Debian and Ubuntu, "apt-get install libcurl4"; in Fedora, "dnf install libcurl".
            """
        )
        throw ExitStatus.software
    }
}

/// What a command ends with, besides 0 (sysexits.h).
enum ExitStatus {
    /// The configuration is wrong.
    static let configuration = ExitCode(78)
    /// A listener could not be bound.
    static let unavailable = ExitCode(69)
    /// Something of ours went wrong.
    static let software = ExitCode(70)
}

extension ParsableArguments {
    /// A URL that no client could use is wrong usage, and not a server that does not answer.
    func checkWebSocketURL(_ url: String) throws {
        do throws(ClientConnectionError) { _ = try ClientURL(url) } catch { throw ValidationError("\(error).") }
    }
}
