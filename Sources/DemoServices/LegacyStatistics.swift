/// What the legacy API had to answer: in all, for the bridge alone, and for each address.
struct LegacyStatistics: Encodable, Sendable {
    /// Answers of one kind. Bytes are those of bodies, without headers.
    struct Tally: Encodable, Sendable {
        private(set) var requests = 0
        private(set) var bytes = 0
        private(set) var notModified = 0

        fileprivate mutating func count(bytes: Int, notModified: Bool) {
            requests += 1
            self.bytes += bytes
            if notModified { self.notModified += 1 }
        }
    }

    struct PathTally: Encodable, Sendable {
        fileprivate(set) var requests = 0
        fileprivate(set) var bytes = 0
        fileprivate(set) var notModified = 0
        /// The part of it that clients whose `User-Agent` begins with `pushbridge` asked for.
        fileprivate(set) var bridge = Tally()
    }

    private(set) var requests = 0
    private(set) var bytes = 0
    private(set) var notModified = 0
    private(set) var bridge = Tally()
    private(set) var byPath: [String: PathTally] = [:]
    /// When counting began, in milliseconds since 1970.
    let since: Int

    init(since: Int) {
        self.since = since
    }

    mutating func count(path: String, bytes: Int, notModified: Bool, isFromBridge: Bool) {
        requests += 1
        self.bytes += bytes
        if notModified { self.notModified += 1 }
        if isFromBridge { bridge.count(bytes: bytes, notModified: notModified) }
        var entry = byPath[path] ?? PathTally()
        entry.requests += 1
        entry.bytes += bytes
        if notModified { entry.notModified += 1 }
        if isFromBridge { entry.bridge.count(bytes: bytes, notModified: notModified) }
        byPath[path] = entry
    }
}
