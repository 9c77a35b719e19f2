import ArgumentParser
import Foundation
import PushbridgeClient

/// `pushbridge watch`.
struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Subscribe to a route and print each update.",
        discussion: """
            One line an update: the time, its kind, its version and what it says; coloured and cut to a readable length on \
            a terminal, whole and plain in a pipe. --json prints the bridge's own messages, one a line. A connection that \
            breaks is made again, and goes on behind the last version that came. An upstream that fails ends nothing: what it \
            says later is printed. HTTP_PROXY, HTTPS_PROXY and NO_PROXY are obeyed.

            A multiplex route pushes nothing by itself: name its topics with --topic.

            Ends with 69 where the first connection cannot be made or the bridge refuses.
            """
    )

    /// What is pushed after the first document.
    enum Mode: String, ExpressibleByArgument, CaseIterable {
        case snapshot, patch, merge, events
    }

    @Argument(help: "The route's URL: ws://, wss://, http:// or https://.")
    var url: String

    @Option(help: "What is pushed after the first document: \(Mode.allCases.map(\.rawValue).joined(separator: ", ")).")
    var mode = Mode.patch

    @Option(help: "A topic of a multiplex route, such as /scores/premier; may be repeated. Lines then name theirs.")
    var topic: [String] = []

    @Option(help: "Go on behind this version (an ETag, or the id of a message).")
    var since: String?

    @Option(help: "End after so many updates.")
    var count: Int?

    @Flag(help: "Print the bridge's messages as they are, one a line.")
    var json = false

    @OptionGroup var headers: HeaderOptions

    @Option(help: "A PEM file of the certificate authorities to trust in place of the system's.")
    var ca: String?

    func validate() throws {
        try checkWebSocketURL(url)
        if let count, count < 1 { throw ValidationError("--count is at least 1.") }
        if let wrong = topic.first(where: { !$0.hasPrefix("/") }) {
            throw ValidationError("\"\(wrong)\" is no topic: it is a path, such as /scores/premier.")
        }
        if since != nil, topic.count > 1 {
            throw ValidationError("--since is a version of one topic: give one --topic.")
        }
        guard Set(topic.map(TopicName.normal)).count == topic.count else {
            throw ValidationError("--topic names a topic twice.")
        }
    }

    func run() async throws {
        let watch = RouteWatch(
            url: url,
            topics: topic,
            mode: mode.rawValue,
            since: since.map { $0.trimmingCharacters(in: CharacterSet(charactersIn: "\"")) },
            count: count,
            format: WatchFormat(isTerminal: isatty(STDOUT_FILENO) == 1, isJSON: json, namesTopics: !topic.isEmpty),
            options: options
        )
        await ReconnectingConnection().run {
            await watch.target
        } handle: {
            await watch.handle($0)
        }
        guard await watch.isFine else { throw ExitStatus.unavailable }
    }

    private var options: ClientConnectionOptions {
        var options = ClientConnectionOptions()
        options.headers = headers.fields
        options.subprotocols = ["pushbridge.v1"]
        options.certificateAuthorities = ca
        options.maximumMessage = 64 << 20
        return options
    }
}
