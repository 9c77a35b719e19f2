import JSONDelta

/// What makes a topic: two clients share a poll only where all of this is equal.
package struct TopicKey: Hashable, Sendable {
    /// The route's path template.
    package let route: String
    /// Path and allowed query, as clients name the topic.
    package let name: String
    /// A digest over the values of every forwarded header; empty where the route forwards none. One person's data
    /// never reaches another because their digests differ.
    package let credentials: [UInt8]

    package init(route: String, name: String, credentials: [UInt8] = []) {
        self.route = route
        self.name = name
        self.credentials = credentials
    }
}

/// Everything that is needed to bring a topic to life.
package struct TopicBlueprint: Sendable {
    /// What tells the topic from others.
    package var key: TopicKey
    /// The route's.
    package var settings: TopicSettings
    /// The route's counters: other counters mean another route, whatever the key.
    package var metrics: TopicMetrics
    /// Makes the source of a new topic; called at most once for each topic's life.
    package var makeSource: @Sendable () -> any TopicSource

    package init(
        key: TopicKey,
        settings: TopicSettings,
        metrics: TopicMetrics,
        makeSource: @escaping @Sendable () -> any TopicSource
    ) {
        self.key = key
        self.settings = settings
        self.metrics = metrics
        self.makeSource = makeSource
    }
}

/// How a route's topics treat their documents.
package struct TopicSettings: Sendable {
    /// Makes documents of bodies.
    package var reader: DocumentReader
    /// Members whose change alone is no change.
    package var ignored: [JSONPointerPattern]
    /// Keyed arrays and the bound on the work of a diff.
    package var diffOptions: DiffOptions
    /// How long the source goes on after the last subscriber.
    package var linger: Duration
    /// Bytes of old versions kept for patches and resume.
    package var historyBytes: Int
    /// How many topics the route may hold at once.
    package var maximumTopics: Int

    package init(
        reader: DocumentReader = DocumentReader(),
        ignored: [JSONPointerPattern] = [],
        diffOptions: DiffOptions = DiffOptions(),
        linger: Duration = .seconds(30),
        historyBytes: Int = 1 << 20,
        maximumTopics: Int = 10_000
    ) {
        self.reader = reader
        self.ignored = ignored
        self.diffOptions = diffOptions
        self.linger = linger
        self.historyBytes = historyBytes
        self.maximumTopics = maximumTopics
    }
}
