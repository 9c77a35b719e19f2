import Foundation

/// Many subscriptions over one connection to a bridge's `multiplex` route. The connection is made with the first
/// subscription, and again whenever it breaks; each topic then goes on from the version that is here. May be used from any
/// thread.
///
///     let bridge = BridgeClient("ws://127.0.0.1:8080/connect")
///     for await update in try await bridge.subscribe("/scores/premier") {
///         if case .document(let document, _) = update { print(document.version) }
///     }
public final class BridgeClient: Sendable {
    private let session: BridgeSession

    /// - Parameters:
    ///   - url: of the `multiplex` route: ws or wss; http and https are read as these.
    ///   - options: headers, trust, proxy, token.
    public init(_ url: String, options: BridgeClientOptions = BridgeClientOptions()) {
        session = BridgeSession(url, options: options)
    }

    deinit {
        // Nobody is left who could ask for anything.
        Task { [session] in await session.close() }
    }

    /// Subscribes to a topic: the path of a poll or channel route, with the query that the route passes on. Returns before
    /// anything has come.
    ///
    /// - Throws: ``BridgeClientError``. What the bridge has against it comes as ``BridgeStatus/refused(code:reason:)``.
    public func subscribe(
        _ topic: String,
        options: BridgeSubscriptionOptions = BridgeSubscriptionOptions()
    ) async throws(BridgeClientError) -> BridgeSubscription {
        BridgeSubscription(feed: try await session.add(topic, options), session: session, client: self)
    }

    /// Ends all subscriptions and the connection.
    public func close() async {
        await session.close()
    }
}

/// One topic of a ``BridgeClient``: its newest document, and what happens, for any number of readers. Ends when it is
/// closed or nobody holds it any more.
public final class BridgeSubscription: AsyncSequence, Sendable {
    private let feed: TopicFeed
    private let session: BridgeSession
    /// A client lives as long as its subscriptions.
    private let client: BridgeClient

    init(feed: TopicFeed, session: BridgeSession, client: BridgeClient) {
        self.feed = feed
        self.session = session
        self.client = client
    }

    deinit {
        Task { [feed, session] in await session.remove(feed) }
    }

    /// The topic, as it was subscribed.
    public var topic: String { feed.topic }
    /// The newest document; nil: none has come, as on channels. In mode `events`, the one at the beginning.
    public var document: BridgeDocument? { feed.document }
    /// How the topic is doing.
    public var status: BridgeStatus { feed.status }

    /// Sends a value, as JSON, to a channel or to a poll route's legacy endpoint. Waits for a connection where there is
    /// none.
    ///
    /// - Throws: ``BridgeClientError``; `EncodingError`.
    @discardableResult
    public func send(_ value: some Encodable) async throws -> BridgeAnswer {
        try await send(json: JSONEncoder().encode(value))
    }

    /// Sends JSON text in UTF-8, to the letter.
    ///
    /// - Throws: ``BridgeClientError``.
    @discardableResult
    public func send(json: Data) async throws -> BridgeAnswer {
        try await session.send(json, to: feed)
    }

    /// Ends the subscription: its readers see the end.
    public func close() async {
        await session.remove(feed)
    }

    /// What happens from now on, after the document that is here, and the status where it is not live. Ends with the subscription, or with the task. A reader
    /// that is slower than documents come gets the newest; of other updates the newest 1000 wait for it.
    public func makeAsyncIterator() -> Iterator {
        Iterator(subscription: self, reader: Reader(feed))
    }

    /// One reader.
    public struct Iterator: AsyncIteratorProtocol {
        /// Held, so that a subscription lives while somebody reads.
        let subscription: BridgeSubscription
        let reader: Reader

        /// The next update; nil at the end.
        public mutating func next() async -> BridgeUpdate? {
            await reader.queue.next()
        }
    }

    /// Takes its queue from the feed when the iterator goes.
    final class Reader: Sendable {
        private let feed: TopicFeed
        let queue: UpdateQueue

        init(_ feed: TopicFeed) {
            self.feed = feed
            queue = feed.addReader()
        }

        deinit {
            feed.removeReader(queue)
        }
    }
}
