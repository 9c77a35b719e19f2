import Foundation
import JSONDelta

/// A client's connection and subscriptions.
actor BridgeSession {
    private struct Sending {
        let answer: CheckedContinuation<BridgeAnswer, any Error>
        let feed: TopicFeed
        let text: String
        var isSent = false
    }

    /// Messages that wait for a connection or an answer.
    private static let mostSendings = 1000

    private let url: String
    private let options: BridgeClientOptions
    private var connection: ClientConnection?
    private var feeds: [String: TopicFeed] = [:]
    private var sendings: [Int: Sending] = [:]
    /// What was sent and is answered by a pong at the latest, in order.
    private var barriers: [(number: Int, feed: TopicFeed)] = []
    private var number = 0
    private var wasRefused = false
    private var running: Task<Void, Never>?
    private var isClosed = false

    init(_ url: String, options: BridgeClientOptions) {
        self.url = url
        self.options = options
    }

    // MARK: from the client

    func add(_ topic: String, _ options: BridgeSubscriptionOptions) async throws(BridgeClientError) -> TopicFeed {
        guard !isClosed else { throw .closed }
        guard topic.hasPrefix("/") else { throw .invalidTopic(topic) }
        let name = TopicName.normal(topic)
        guard feeds[name] == nil else { throw .alreadySubscribed(topic: topic) }
        let feed = TopicFeed(topic: topic, options: options)
        feeds[name] = feed
        if let connection { subscribe(feed, connection) }
        start()
        return feed
    }

    func remove(_ feed: TopicFeed) async {
        feed.report(.closed)
        let name = TopicName.normal(feed.topic)
        guard feeds[name] === feed else { return }
        feeds[name] = nil
        for (number, sending) in sendings where sending.feed === feed { finish(number, .failure(.closed)) }
        if let topic = try? Self.quoted(feed.topic) {
            connection?.post(#"{"type":"unsubscribe","topic":\#(topic)}"#)
        }
    }

    func send(_ data: Data, to feed: TopicFeed) async throws -> BridgeAnswer {
        guard !isClosed, feed.status != .closed else { throw BridgeClientError.closed }
        guard sendings.count < Self.mostSendings else { throw BridgeClientError.tooManyWaiting }
        do { _ = try JSONDocument(parsing: Array(data)) } catch {
            throw BridgeClientError.invalidData(reason: "\(error)")
        }
        number += 1
        let number = number
        let json = String(decoding: data, as: UTF8.self)
        let text = #"{"type":"send","ref":\#(number),"topic":\#(try Self.quoted(feed.topic)),"data":\#(json)}"#
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { answer in
                sendings[number] = Sending(answer: answer, feed: feed, text: text)
                if let connection { transmit(number, connection) }
            }
        } onCancel: {
            Task { await self.finish(number, .failure(.interrupted)) }
        }
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        for feed in feeds.values { feed.report(.closed) }
        feeds = [:]
        for number in sendings.keys { finish(number, .failure(.closed)) }
        connection?.close()
        running?.cancel()
    }

    // MARK: the connection

    private func start() {
        guard running == nil else { return }
        running = Task {
            await ReconnectingConnection().run {
                try await self.target()
            } handle: {
                await self.handle($0)
            }
        }
    }

    private func target() async throws -> ReconnectingConnection.Target {
        var connection = options.connection
        connection.subprotocols = ["pushbridge.v1"]
        if let token = try await options.token?(wasRefused) {
            connection.headers.append((name: "Authorization", value: "Bearer \(token)"))
        }
        return ReconnectingConnection.Target(url: url, options: connection)
    }

    private func handle(_ event: ReconnectingConnection.Event) async -> Bool {
        guard !isClosed else { return false }
        switch event {
        case .opened(let connection):
            self.connection = connection
            wasRefused = false
            for feed in feeds.values {
                feed.forgetKind()
                // A room does not say that it was entered: it is no longer offline, and no more is known.
                if feed.version == nil { feed.report(.connecting) }
                subscribe(feed, connection)
            }
            for number in sendings.keys.sorted() { transmit(number, connection) }
        case .message(.text(let text)):
            if let message = BridgeMessage(text) { take(message) }
        case .message(.binary): break
        case .closed(let closure):
            wasRefused = closure.code == 1008 || closure.code == 3000
            lose("closed with \(closure.code)" + (closure.reason.isEmpty ? "" : ", \(closure.reason)"))
        case .failed(let error):
            if case ClientConnectionError.refused(let status, _) = error { wasRefused = [401, 403].contains(status) }
            lose("\(error)")
        }
        return !isClosed
    }

    private func lose(_ reason: String) {
        connection = nil
        barriers = []
        for (number, sending) in sendings where sending.isSent { finish(number, .failure(.interrupted)) }
        for feed in feeds.values { feed.report(.offline(reason: reason)) }
    }

    private func subscribe(_ feed: TopicFeed, _ connection: ClientConnection, reference: Int? = nil) {
        guard let topic = try? Self.quoted(feed.topic) else { return }
        var text = #"{"type":"subscribe","topic":\#(topic),"mode":"\#(feed.options.mode.rawValue)""#
        if let version = feed.version, let since = try? Self.quoted(version) { text += #","since":\#(since)"# }
        if let rate = feed.options.maximumRate { text += #","maxRate":\#(rate)"# }
        if let reference { text += #","ref":\#(reference)"# }
        connection.post(text + "}")
    }

    /// A channel does not answer a message; what it refuses, it refuses before it answers a ping. Whether a topic is one
    /// shows when it is subscribed again: a room that one is in already refuses that, also before the ping.
    private func transmit(_ number: Int, _ connection: ClientConnection) {
        guard let sending = sendings[number], !sending.isSent else { return }
        sendings[number]?.isSent = true
        connection.post(sending.text)
        // What is sent meanwhile has its pong behind that of this message.
        if sending.feed.asksForKind() { subscribe(sending.feed, connection, reference: -number) }
        barriers.append((number, sending.feed))
        connection.post(#"{"type":"ping"}"#)
    }

    // MARK: from the bridge

    private func take(_ message: BridgeMessage) {
        switch message.kind {
        case .pong:
            guard !barriers.isEmpty else { return }
            let (number, feed) = barriers.removeFirst()
            feed.isFound(.endpoint)
            if feed.kind == .channel { finish(number, .success(BridgeAnswer(status: 202, data: nil))) }
        case .sent(let answer):
            if let number = message.reference { finish(number, .success(answer)) }
        case .error(let code, let reason) where message.reference.map { sendings[$0] != nil } == true:
            if let number = message.reference { finish(number, .failure(.refused(code: code, reason: reason))) }
        case .error(let code, _) where message.reference.map { $0 < 0 } == true:
            let feed = barriers.first { $0.number == message.reference.map { -$0 } }?.feed
            if code == 400 { feed?.isFound(.channel) }
        default:
            guard let feed = message.topic.flatMap(feed), !feed.take(message) else { return }
            // A patch for another version than ours: the whole document mends it.
            feed.forgetVersion()
            if let connection { subscribe(feed, connection) }
        }
    }

    /// The bridge leaves out query parameters that the route does not pass on.
    private func feed(_ topic: String) -> TopicFeed? {
        let name = TopicName.normal(topic)
        if let feed = feeds[name] { return feed }
        let similar = feeds.filter { TopicName.path($0.key) == TopicName.path(name) }
        return similar.count == 1 ? similar.first?.value : nil
    }

    private func finish(_ number: Int, _ result: Result<BridgeAnswer, BridgeClientError>) {
        sendings.removeValue(forKey: number)?.answer.resume(with: result.mapError { $0 })
    }

    private static func quoted(_ text: String) throws -> String {
        String(decoding: try JSONEncoder().encode(text), as: UTF8.self)
    }
}
