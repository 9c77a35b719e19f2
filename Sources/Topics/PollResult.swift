/// What came of a fetch, in the words of `polls_total` and of `/topics`.
package enum PollResult: String, Sendable, CaseIterable {
    /// A new version.
    case changed
    /// A body that says what the last one said.
    case unchanged
    /// The upstream answered 304.
    case notModified = "not_modified"
    /// No document.
    case error
}
