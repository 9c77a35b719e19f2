/// Where a topic's documents come from: the local poll of a legacy endpoint is one implementation, another node of a
/// cluster may be one later.
///
/// A source is started when the first subscriber comes and stopped when the last one has been gone for `linger`; it is
/// not started again after that.
package protocol TopicSource: Sendable {
    /// Interest has come: bring documents to `topic` from now on, one at a time.
    func start(delivering topic: Topic)
    /// Interest has gone: nothing is delivered after what is under way.
    func stop()
    /// Look for a new version now, without waiting for the interval.
    func refresh()
    /// How often the source looks at present, in milliseconds; nil where that has no meaning.
    var intervalMilliseconds: Int? { get }
}

/// A good answer from a source.
package struct SourceAnswer: Sendable {
    /// Without content coding.
    package var body: [UInt8]
    /// The upstream's `Content-Type`, where it sent one.
    package var contentType: String?
    /// When the body had been received in full.
    package var receivedAt: ContinuousClock.Instant
    /// The same moment in milliseconds of Unix time.
    package var receivedAtMilliseconds: Int64

    package init(
        body: [UInt8],
        contentType: String?,
        receivedAt: ContinuousClock.Instant,
        receivedAtMilliseconds: Int64
    ) {
        self.body = body
        self.contentType = contentType
        self.receivedAt = receivedAt
        self.receivedAtMilliseconds = receivedAtMilliseconds
    }
}

/// What a topic made of an answer.
package enum AnswerVerdict: Sendable, Equatable {
    /// A new version.
    case changed
    /// The same state as before, to the byte or in what it says.
    case unchanged
    /// No document; the source should treat it as a failure and report it as such.
    case invalid(reason: String)
}

/// Why a source could bring no document.
package struct SourceFailure: Error, Sendable, Equatable {
    /// The upstream's HTTP status, or a word: `timeout`, `refused`, `unresolved`, `tls`, `too-large`, `invalid`.
    package enum Code: Sendable, Equatable {
        case status(Int)
        case word(String)
    }

    /// What kind of failure it is.
    package var code: Code
    /// One sentence for a person.
    package var reason: String
    /// When the source tries again, in milliseconds of Unix time.
    package var nextAttemptAtMilliseconds: Int64

    package init(code: Code, reason: String, nextAttemptAtMilliseconds: Int64) {
        self.code = code
        self.reason = reason
        self.nextAttemptAtMilliseconds = nextAttemptAtMilliseconds
    }

    /// The status of an answer over HTTP to someone who waits for a document: 504 after a timeout, else 502.
    package var gatewayStatus: Int { code == .word("timeout") ? 504 : 502 }
}
