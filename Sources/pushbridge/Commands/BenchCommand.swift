import ArgumentParser
import BridgeConfiguration
import Dispatch
import Foundation
import LoadGenerator
import PushbridgeClient
import Synchronization

/// `pushbridge bench`.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Put load on a WebSocket server, to size a machine.",
        discussion: """
            The server may be any that speaks WebSocket. Progress goes to standard error, the result to standard output: a \
            table, or with --json one object for programs. Ctrl-C ends the measuring early. HTTP_PROXY, HTTPS_PROXY and \
            NO_PROXY are obeyed.

            Ends with 69 where no connection can be opened, or a tunnel does not echo. Where this side has no CPU left, it \
            says so: then run it on another machine.
            """,
        subcommands: [Fanout.self, Tunnel.self]
    )

    /// `pushbridge bench fanout`.
    struct Fanout: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "fanout",
            abstract: "Many connections receive what the server pushes.",
            discussion: """
                "spread" is how much later than the first connection the others got the same message. With --rate one more \
                connection sends messages to a channel route; "latency" is then from sending to receiving.
                """
        )

        @Argument(help: "The route's URL: ws://, wss://, http:// or https://.")
        var url: String

        @OptionGroup var load: LoadOptions

        @Option(help: "Send so many messages a second to the route, for channels.")
        var rate: Double?

        @Option(help: "Bytes of each message that is sent, such as \"200B\" or \"4KiB\".")
        var size = "200B"

        func validate() throws {
            try checkWebSocketURL(url)
            if let rate { try LoadOptions.validate(rate: rate, most: 100_000) }
            _ = try LoadOptions.bytes(size)
        }

        func run() async throws {
            try await load.run(url, .fanout(publish: rate), size: LoadOptions.bytes(size))
        }
    }

    /// `pushbridge bench tunnel`.
    struct Tunnel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "tunnel",
            abstract: "Connections to a service that echoes, such as a tunnel to port 7 or to the demo's echo.",
            discussion: """
                "latency" is from sending a message to getting all of it back. With --rate it counts from when the message \
                was due, so that what had to wait is not left out.
                """
        )

        @Argument(help: "The tunnel's URL: ws://, wss://, http:// or https://.")
        var url: String

        @OptionGroup var load: LoadOptions

        @Option(help: "Messages a second and connection; as fast as they come back where it is missing.")
        var rate: Double?

        @Option(help: "Without --rate: messages of a connection that are on their way at once.")
        var inFlight = 1

        @Option(help: "Bytes of each message, such as \"128B\" or \"64KiB\".")
        var size = "128B"

        func validate() throws {
            try checkWebSocketURL(url)
            if let rate { try LoadOptions.validate(rate: rate, most: 10_000) }
            guard (1...1024).contains(inFlight) else { throw ValidationError("--in-flight is from 1 to 1024.") }
            _ = try LoadOptions.bytes(size)
        }

        func run() async throws {
            try await load.run(url, .echo(rate: rate, inFlight: inFlight), size: LoadOptions.bytes(size))
        }
    }
}

/// What all kinds of load have in common.
struct LoadOptions: ParsableArguments {
    @Option(help: "How many connections.")
    var connections = 100

    @Option(help: "How long is measured, once they are open, such as \"10s\" or \"2m\"; an hour at most.")
    var duration = "10s"

    @OptionGroup var headers: HeaderOptions

    @Option(help: "A subprotocol to ask for; may be repeated, in order of preference.")
    var subprotocol: [String] = []

    @Flag(help: "Offer permessage-deflate; takes CPU on this side.")
    var compression = false

    @Option(help: "A PEM file of the certificate authorities to trust in place of the system's.")
    var ca: String?

    @Flag(help: "Print the result as JSON.")
    var json = false

    @Flag(help: "No progress.")
    var quiet = false

    private static let mostConnections = 60_000

    func validate() throws {
        guard (1...Self.mostConnections).contains(connections) else {
            throw ValidationError("--connections is from 1 to \(Self.mostConnections).")
        }
        guard let time = Duration(configurationText: duration), time > .zero, time <= .seconds(3600) else {
            throw ValidationError("\"\(duration)\" is not a duration such as \"10s\", of an hour at most.")
        }
    }

    static func validate(rate: Double, most: Double) throws {
        // The measuring takes an hour at most.
        guard (0.001...most).contains(rate) else { throw ValidationError("--rate is from 0.001 to \(Int(most)).") }
    }

    static func bytes(_ text: String) throws -> Int {
        guard let bytes = ByteSize(configurationText: text)?.bytes, (1...(16 << 20)).contains(bytes) else {
            throw ValidationError("\"\(text)\" is not a size such as \"200B\" or \"64KiB\", of 16MiB at most.")
        }
        return bytes
    }

    func run(_ url: String, _ kind: LoadPlan.Kind, size: Int) async throws {
        try raiseDescriptorLimit()
        var options = ClientConnectionOptions()
        options.headers = headers.fields
        options.subprotocols = subprotocol
        options.certificateAuthorities = ca
        options.offersCompression = compression
        options.maximumMessage = 64 << 20
        let plan = LoadPlan(
            url: url,
            kind: kind,
            connections: connections,
            duration: Duration(configurationText: duration) ?? .seconds(10),
            size: size,
            options: options
        )
        let display = BenchDisplay(isTerminal: isatty(STDERR_FILENO) == 1, isQuiet: quiet)
        // Listened to before there is anything to interrupt: a signal that nobody takes is lost.
        let interruption = Interruption()
        signal(SIGINT, SIG_IGN)
        let interrupt = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        interrupt.setEventHandler {
            // Who asks a second time does not want the result either.
            if interruption.happened() { Self.exit(withError: ExitStatus.unavailable) }
        }
        interrupt.resume()
        let work = Task { try await LoadRun(plan).run { display.show($0) } }
        interruption.cancels(work)
        defer { interrupt.cancel() }
        let report: LoadReport
        do {
            report = try await work.value
        } catch {
            display.end()
            let isInterrupted = error is CancellationError
            Output.error("pushbridge: \(isInterrupted ? "interrupted before a connection was open" : "\(error)")")
            throw ExitStatus.unavailable
        }
        display.end()
        Output.line(json ? try BenchDisplay.json(report) : BenchDisplay.table(report))
        guard report.isNoEcho else { return }
        Output.error("pushbridge: \(url) does not echo: what came back is not what was sent")
        throw ExitStatus.unavailable
    }

    /// Ctrl-C, which may come before what it ends.
    private final class Interruption: Sendable {
        private let state = Mutex<(hasHappened: Bool, work: Task<LoadReport, any Error>?)>((false, nil))

        /// - Returns: whether it had happened before.
        func happened() -> Bool {
            state.withLock { state in
                state.work?.cancel()
                defer { state.hasHappened = true }
                return state.hasHappened
            }
        }

        func cancels(_ work: Task<LoadReport, any Error>) {
            state.withLock { state in
                state.work = work
                if state.hasHappened { work.cancel() }
            }
        }
    }

    /// Each connection is a descriptor.
    private func raiseDescriptorLimit() throws {
        let needed = connections + 64
        guard let available = OpenFiles.raiseLimit(), available < needed else { return }
        Output.error(
            "pushbridge: \(connections) connections need \(needed) descriptors, and this system gives a process "
                + "\(available): raise it with \"ulimit -Hn\", or ask for fewer connections"
        )
        throw ExitStatus.unavailable
    }
}
