/// Why a request brought no usable answer.
package struct FetchFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it is.
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

    /// What kind of failure it is.
    package var code: Code
    /// One sentence for a person.
    package var reason: String

    package init(code: Code, reason: String) {
        self.code = code
        self.reason = reason
    }

    package var description: String { "\(code.text): \(reason)" }
}
