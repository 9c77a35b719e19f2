/// Why a request brought no usable answer.
package struct FetchFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// The upstream answered, with a status that is no document.
        case status(Int)
        case timeout
        /// No connection, or one that the upstream dropped before it answered.
        case refused
        case unresolved
        case tls
        case tooLarge
        /// An answer that cannot be used, or a request that cannot be sent.
        case invalid
        /// The poller's own trouble: it was shut down, or ran out of memory or descriptors.
        case other

        /// What clients are told: the status in digits, or one of the words of the interface.
        package var text: String {
            switch self {
            case .status(let status): String(status)
            case .timeout: "timeout"
            case .refused: "refused"
            case .unresolved: "unresolved"
            case .tls: "tls"
            case .tooLarge: "too-large"
            case .invalid, .other: "invalid"
            }
        }
    }

    package var code: Code
    /// One sentence for a person.
    package var reason: String

    package init(code: Code, reason: String) {
        self.code = code
        self.reason = reason
    }

    package var description: String { "\(code.text): \(reason)" }
}

/// A failed attempt of a poll; the next one has been scheduled.
package struct PollFailure: Error, Sendable, Equatable {
    package typealias Code = FetchFailure.Code

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
