/// A failed attempt of a poll; the next one has been scheduled.
package struct PollFailure: Error, Sendable, Equatable {
    /// What kind of failure it is.
    package typealias Code = FetchFailure.Code

    /// What kind of failure it is.
    package var code: Code
    /// One sentence for a person.
    package var reason: String
    /// How many attempts in a row have failed, this one included.
    package var failuresInARow: Int
    /// When it failed, in Unix time.
    package var atMilliseconds: Int64
    /// When the poll tries again, in Unix time.
    package var nextAttemptAtMilliseconds: Int64

    package init(
        code: Code,
        reason: String,
        failuresInARow: Int,
        atMilliseconds: Int64,
        nextAttemptAtMilliseconds: Int64
    ) {
        self.code = code
        self.reason = reason
        self.failuresInARow = failuresInARow
        self.atMilliseconds = atMilliseconds
        self.nextAttemptAtMilliseconds = nextAttemptAtMilliseconds
    }
}
