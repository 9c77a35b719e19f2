/// What was made of a body.
package enum PollVerdict: Sendable, Equatable {
    case changed
    case unchanged
    /// No document. The reason, one sentence, comes back in `pollFailed` with the code `invalid`, and the validators
    /// of this body are forgotten: the next request asks against the last good one.
    case invalid(String)
}

/// An unchanged document, confirmed without a new body to look at.
package struct PollConfirmation: Sendable, Equatable {
    /// What says that nothing changed.
    package enum Evidence: Sendable, Equatable {
        /// The upstream answered 304.
        case notModified
        /// The body of the last good document came again, of so many bytes.
        case sameBody(bytes: Int)
    }

    /// What says so.
    package var evidence: Evidence
    /// When it came, in Unix time.
    package var atMilliseconds: Int64
}

/// Receives what a poll brings. Calls for one poll never overlap and come in the order of the fetches.
package protocol PollObserver: Sendable {
    /// A 2xx answer with a body. Runs in a task of its own, off the polling thread; the next fetch of this poll waits
    /// for the verdict.
    func polled(_ body: FetchedBody) async -> PollVerdict
    /// The same, for a body that is judged in less time than it takes to hand it to another thread. Called on the polling
    /// thread, which all hosts share, before `polled`: nil where it may take longer, or anything has to be waited for.
    func polledAtOnce(_ body: FetchedBody) -> PollVerdict?
    /// 304, or the body that was judged to be a document last came again. Called on the polling thread: return at once,
    /// never block.
    func pollConfirmed(_ confirmation: PollConfirmation)
    /// No document. Called on the polling thread: return at once, never block.
    func pollFailed(_ failure: PollFailure)
}

extension PollObserver {
    /// Nothing is judged at once.
    package func polledAtOnce(_ body: FetchedBody) -> PollVerdict? { nil }
}
