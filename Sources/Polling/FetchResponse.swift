/// The answer to a one-off `Poller.fetch`, whatever its status.
package struct FetchResponse: Sendable {
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
    package var receivedAt: ContinuousClock.Instant
    /// Unix time.
    package var receivedAtMilliseconds: Int64

    /// The first field of this name, compared without case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// A document that a poll brought: a 2xx answer with a body.
package struct FetchedBody: Sendable {
    /// Content-decoded.
    package var bytes: [UInt8]
    package var status: Int
    package var contentType: String?
    /// `ETag` as the upstream wrote it; nil where there is none that can be sent back.
    package var entityTag: String?
    /// `Last-Modified` as the upstream wrote it; nil where there is none that can be sent back.
    package var lastModified: String?
    /// `max-age` (or `s-maxage`) of `Cache-Control`.
    package var maxAge: Duration?
    /// The `Age` field.
    package var age: Duration?
    /// When the last byte had been received.
    package var receivedAt: ContinuousClock.Instant
    /// The same moment in Unix time.
    package var receivedAtMilliseconds: Int64
    /// Bytes received: headers, and the body before content decoding.
    package var wireBytes: Int
    /// From the start of the request to the last byte.
    package var duration: Duration

    package init(
        bytes: [UInt8],
        status: Int = 200,
        contentType: String? = nil,
        entityTag: String? = nil,
        lastModified: String? = nil,
        maxAge: Duration? = nil,
        age: Duration? = nil,
        receivedAt: ContinuousClock.Instant,
        receivedAtMilliseconds: Int64,
        wireBytes: Int,
        duration: Duration = .zero
    ) {
        self.bytes = bytes
        self.status = status
        self.contentType = contentType
        self.entityTag = entityTag
        self.lastModified = lastModified
        self.maxAge = maxAge
        self.age = age
        self.receivedAt = receivedAt
        self.receivedAtMilliseconds = receivedAtMilliseconds
        self.wireBytes = wireBytes
        self.duration = duration
    }
}
