import ArgumentParser
import Foundation
import JSONDelta
import PushbridgeClient

/// `pushbridge watch`.
struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Subscribe to a route and print each update.",
        discussion: """
            One line an update: the time, its kind, its version and what it says; coloured and cut to a readable length on \
            a terminal, whole and plain in a pipe. --json prints the bridge's own messages, one a line. A connection that \
            breaks is made again, and goes on behind the last version that came. HTTP_PROXY, HTTPS_PROXY and NO_PROXY are \
            obeyed.

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
    }

    func run() async throws {
        // A reader that has seen enough, such as head, ends the command.
        signal(SIGPIPE, SIG_DFL)
        let watch = RouteWatch(
            url: url,
            mode: mode.rawValue,
            since: since.map { $0.trimmingCharacters(in: CharacterSet(charactersIn: "\"")) },
            count: count,
            format: WatchFormat(isTerminal: isatty(STDOUT_FILENO) == 1, isJSON: json),
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

/// Prints what a route pushes, over all the connections that it takes.
actor RouteWatch {
    private let url: String
    private let mode: String
    private let format: WatchFormat
    private let options: ClientConnectionOptions
    /// The last version that came.
    private var position: String?
    /// Updates to print yet.
    private var left: Int
    private var hasConnected = false
    /// Whether nothing went wrong that will not change by itself.
    private(set) var isFine = true

    init(
        url: String,
        mode: String,
        since: String?,
        count: Int?,
        format: WatchFormat,
        options: ClientConnectionOptions
    ) {
        self.url = url
        self.mode = mode
        position = since
        left = count ?? .max
        self.format = format
        self.options = options
    }

    /// The URL with mode and position in its query.
    var target: ReconnectingConnection.Target {
        // What is no URL stays as it was written, for the message that says so.
        guard var parts = URLComponents(string: url), parts.host != nil else {
            return .init(url: url, options: options)
        }
        var query = parts.percentEncodedQueryItems ?? []
        query.append(URLQueryItem(name: "mode", value: mode))
        if let position = position?.addingPercentEncoding(withAllowedCharacters: .alphanumerics) {
            query.append(URLQueryItem(name: "since", value: position))
        }
        parts.percentEncodedQueryItems = query
        return .init(url: parts.string ?? url, options: options)
    }

    /// - Returns: whether to go on.
    func handle(_ event: ReconnectingConnection.Event) -> Bool {
        switch event {
        case .opened:
            hasConnected = true
        case .message(let message):
            let update = WatchedUpdate(message)
            if let id = update.id { position = id }
            Output.line(format.line(update))
            if update.type == "error" { isFine = false }
            if update.isCounted { left -= 1 }
            return isFine && left > 0
        case .closed(let closure):
            // 1000: the bridge has nothing more to say. 1008: it will say the same again.
            if closure.code == 1000 { return false }
            let words = "\(closure.code)" + (closure.reason.isEmpty ? "" : ", \(closure.reason)")
            Output.error("pushbridge: the connection was closed (\(words))")
            isFine = closure.code != 1008
        case .failed(let error):
            Output.error("pushbridge: \(error)")
            isFine = hasConnected
        }
        return isFine
    }
}

/// One message of a bridge, as far as a person wants to see it.
struct WatchedUpdate {
    /// `snapshot`, `patch` and so on; `text` or `binary` for what is no message of `pushbridge.v1`.
    let type: String
    /// The version that it brings, where it brings one.
    let id: String?
    /// What it says, to the letter where it is JSON.
    let content: String
    /// The whole message; base64 for a binary one.
    let whole: String

    init(_ message: ClientMessage) {
        switch message {
        case .binary(let bytes):
            type = "binary"
            id = nil
            content = Data(bytes.readableBytesView).base64EncodedString()
            whole = content
        case .text(let text):
            whole = text
            guard let document = try? JSONDocument(parsing: Array(text.utf8)), let type = document.string("/type")
            else {
                type = "text"
                id = nil
                content = text
                return
            }
            self.type = type
            id = document.string("/id")
            let pointers =
                switch type {
                case "snapshot", "message", "sent": ["/data", "/text", "/base64"]
                case "patch": ["/patch"]
                case "merge": ["/merge"]
                default: [""]
                }
            content = pointers.lazy.compactMap(document.text).first ?? text
        }
    }

    /// Whether `--count` counts it: what says only how things stand is no update.
    var isCounted: Bool { !["status", "current", "pong", "error", "unsubscribed"].contains(type) }
}

/// How an update looks as a line.
struct WatchFormat: Sendable {
    let isTerminal: Bool
    /// Whether the bridge's messages are printed as they are.
    let isJSON: Bool

    /// Longer contents are cut on a terminal.
    private static let shown = 1000

    func line(_ update: WatchedUpdate) -> String {
        if isJSON { return update.whole }
        let time = Date.now.formatted(
            .iso8601.time(includingFractionalSeconds: true).timeZoneSeparator(.omitted)
        )
        let id = update.id.map { " \($0)" } ?? ""
        // What would move the cursor is shown, not obeyed.
        let content = String(
            update.content.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : Character($0) }
        )
        guard isTerminal else { return "\(time) \(update.type)\(id) \(content)" }
        let cut = content.count > Self.shown ? content.prefix(Self.shown) + "…" : content[...]
        let colour =
            switch update.type {
            case "error": 31
            case "status": 33
            case "snapshot": 36
            default: 32
            }
        return "\u{1B}[2m\(time)\u{1B}[0m \u{1B}[\(colour)m\(update.type)\u{1B}[0m\u{1B}[2m\(id)\u{1B}[0m \(cut)"
    }
}

extension JSONDocument {
    /// The text of the value at a pointer, as it stands in the document.
    fileprivate func text(_ pointer: String) -> String? {
        (try? JSONPointer(pointer)).flatMap(select).map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    /// The string at a pointer.
    fileprivate func string(_ pointer: String) -> String? {
        text(pointer).flatMap { try? JSONDecoder().decode(String.self, from: Data($0.utf8)) }
    }
}
