import Foundation
import PushbridgeClient

/// Prints what a route pushes, over all the connections that it takes.
actor RouteWatch {
    /// How long nothing may come before that is said.
    private static let patience = Duration.seconds(3)

    private let url: String
    /// Those of a multiplex route that are asked for, as they were written; empty: what the route pushes by itself.
    private let topics: [String]
    private let mode: String
    private let format: WatchFormat
    private let options: ClientConnectionOptions
    /// The last version that came, by topic; under the empty name for what the route pushes by itself.
    private var positions: [String: String] = [:]
    /// Topics that the bridge refused for good.
    private var refused: Set<String> = []
    /// Updates to print yet.
    private var left: Int
    private var hasConnected = false
    /// Says, once, that nothing comes.
    private var silence: Task<Void, Never>?
    private var hasHeard = false
    /// Whether the connection, or another one, may still be of use.
    private var isOfUse = true

    /// Whether nothing went wrong that will not change by itself.
    var isFine: Bool { isOfUse && refused.isEmpty }

    init(
        url: String,
        topics: [String],
        mode: String,
        since: String?,
        count: Int?,
        format: WatchFormat,
        options: ClientConnectionOptions
    ) {
        self.url = url
        self.topics = topics
        self.mode = mode
        positions[topics.first ?? ""] = since
        left = count ?? .max
        self.format = format
        self.options = options
    }

    /// The URL; where the route is the topic, with mode and position in its query.
    var target: ReconnectingConnection.Target {
        // What is no URL stays as it was written, for the message that says so.
        guard topics.isEmpty, var parts = URLComponents(string: url), parts.host != nil else {
            return .init(url: url, options: options)
        }
        var query = parts.percentEncodedQueryItems ?? []
        query.append(URLQueryItem(name: "mode", value: mode))
        if let position = positions[""]?.addingPercentEncoding(withAllowedCharacters: .alphanumerics) {
            query.append(URLQueryItem(name: "since", value: position))
        }
        parts.percentEncodedQueryItems = query
        return .init(url: parts.string ?? url, options: options)
    }

    /// - Returns: whether to go on.
    func handle(_ event: ReconnectingConnection.Event) async -> Bool {
        switch event {
        case .opened(let connection):
            hasConnected = true
            awaitFirstMessage()
            await subscribe(connection)
        case .message(let message):
            hasHeard = true
            silence?.cancel()
            return take(WatchedUpdate(message))
        case .closed(let closure):
            // 1000: the bridge has nothing more to say. 1008: it will say the same again.
            if closure.code == 1000 { return false }
            let words = "\(closure.code)" + (closure.reason.isEmpty ? "" : ", \(closure.reason)")
            Output.error("pushbridge: the connection was closed (\(words.withoutControls))")
            isOfUse = closure.code != 1008
        case .failed(let error):
            Output.error("pushbridge: \("\(error)".withoutControls)")
            isOfUse = hasConnected
        }
        return isOfUse
    }

    private func subscribe(_ connection: ClientConnection) async {
        struct Subscribe: Encodable {
            var type = "subscribe"
            let topic: String
            let mode: String
            let since: String?
        }
        for topic in topics where !refused.contains(topic) {
            let message = Subscribe(topic: topic, mode: mode, since: positions[topic])
            guard let text = try? JSONEncoder().encode(message) else { continue }
            // Where it cannot be sent, the connection's end says so.
            try? await connection.send(text: String(decoding: text, as: UTF8.self))
        }
    }

    private func take(_ update: WatchedUpdate) -> Bool {
        let topic = topics.isEmpty ? "" : update.topic.flatMap(known)
        if let topic, let id = update.id { positions[topic] = id }
        // A reader that has seen enough, such as head, ends the command.
        guard Output.line(format.line(update)) else { return false }
        if update.isFinal {
            refused.insert(topic ?? "")
            return topic != nil && refused.count < topics.count
        }
        if update.isCounted { left -= 1 }
        return left > 0
    }

    /// The topic as it was written: the bridge writes it its own way, and leaves out what the route does not pass on.
    private func known(_ topic: String) -> String? {
        let name = TopicName.normal(topic)
        if let same = topics.first(where: { TopicName.normal($0) == name }) { return same }
        let similar = topics.filter { TopicName.path(TopicName.normal($0)) == TopicName.path(name) }
        return similar.count == 1 ? similar[0] : nil
    }

    // MARK: Silence

    private func awaitFirstMessage() {
        guard silence == nil else { return }
        silence = Task {
            do { try await Task.sleep(for: Self.patience) } catch { return }
            sayThatNothingComes()
        }
    }

    private func sayThatNothingComes() {
        guard !hasHeard else { return }
        let advice =
            topics.isEmpty
            ? "a multiplex route is silent until its topics are named with --topic, a channel until somebody sends"
            : "a channel named with --topic is silent until somebody sends"
        Output.error("pushbridge: connected, and nothing has come for 3 s: \(advice)")
    }
}
