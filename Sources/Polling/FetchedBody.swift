/// A document that a poll brought: a 2xx answer with a body.
package struct FetchedBody: Sendable {
    /// Content-decoded.
    package var bytes: [UInt8]
    /// `Content-Type` as the upstream wrote it; nil where there is none.
    package var contentType: String?
    /// When the last byte had been received.
    package var receivedAt: ContinuousClock.Instant
    /// The same moment in Unix time.
    package var receivedAtMilliseconds: Int64
}
