/// The answer to a one-off `Poller.fetch`, whatever its status.
package struct FetchResponse: Sendable {
    /// Of the last answer, after redirects.
    package var status: Int
    /// In the order received; one entry a field line, names as the upstream wrote them. Bytes outside UTF-8 are
    /// replaced by U+FFFD.
    package var headers: [(name: String, value: String)]
    /// Content-decoded.
    package var body: [UInt8]
    /// The URL that answered, after redirects.
    package var url: String
    /// 1, 2 or 3; 0 where unknown.
    package var httpMajorVersion: Int
    /// Bytes received: headers, and the body before content decoding.
    package var wireBytes: Int
    /// From the start of the request to the last byte.
    package var duration: Duration
    /// When the last byte had been received.
    package var receivedAt: ContinuousClock.Instant
    /// Unix time.
    package var receivedAtMilliseconds: Int64

    /// The first field of this name, compared without case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}
