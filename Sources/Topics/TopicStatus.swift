/// Whether a topic's document is what the upstream says now.
package struct TopicStatus: Sendable, Equatable {
    /// Whether the document can be relied upon.
    package enum State: String, Sendable {
        case live
        case stale
    }

    /// How the upstream stands.
    package var state: State
    /// Since when, in milliseconds of Unix time.
    package var sinceMilliseconds: Int64
    /// What went wrong, while stale.
    package var failure: SourceFailure?

    /// Whether a subscriber that was told `other` needs to be told this: the time of the next attempt alone is no news.
    func isNews(after other: TopicStatus) -> Bool {
        state != other.state || failure?.code != other.failure?.code
    }
}
