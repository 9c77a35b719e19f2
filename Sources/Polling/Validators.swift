/// What the last good answer can be asked against, RFC 9110 section 8.8.
struct Validators: Equatable, Sendable {
    /// Sent back to the letter, weak or not: `If-None-Match` compares weakly.
    var entityTag: String?
    var lastModified: String?

    var isEmpty: Bool { entityTag == nil && lastModified == nil }

    init(entityTag: String? = nil, lastModified: String? = nil) {
        self.entityTag = entityTag
        self.lastModified = lastModified
    }

    /// `now` is Unix time in seconds, for where the answer has no `Date`.
    init(_ head: ResponseHead, now: Int64) {
        var date: String?
        var modified: String?
        var tag: String?
        head.forEach { field, value in
            switch field {
            case .etag: tag = tag ?? value
            case .lastModified: modified = modified ?? value
            case .date: date = date ?? value
            default: break
            }
        }
        entityTag = tag.flatMap { Self.canBeSentBack($0) ? $0 : nil }
        guard let modified, HTTPDate.isStandard(modified), let then = HTTPDate.seconds(modified) else { return }
        // RFC 9110 section 8.8.2.2: what was modified in the second in which it was served may have changed again in
        // the same second, and would be "not modified" ever after.
        let served = date.flatMap(HTTPDate.seconds) ?? now
        if entityTag != nil || served - then >= 1 { lastModified = modified }
    }

    /// Header fields of the next request.
    var conditions: [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        if let entityTag { fields.append(("If-None-Match", entityTag)) }
        if let lastModified { fields.append(("If-Modified-Since", lastModified)) }
        return fields
    }

    /// Also without the quotes that the RFC demands: old servers compare what they sent. A bare `*` would match
    /// whatever there is.
    private static func canBeSentBack(_ tag: String) -> Bool {
        let bytes = tag.utf8
        return !bytes.isEmpty && bytes.count <= 1024 && tag != "*" && bytes.allSatisfy { (0x20...0x7E).contains($0) }
    }
}
