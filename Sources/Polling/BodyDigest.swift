/// Tells whether a body is the one that came last, without keeping it.
///
/// SipHash with the process's own random key: an upstream cannot make two bodies alike on purpose, and two that differ are
/// taken for one with a probability of 2⁻⁶⁴.
struct BodyDigest: Equatable {
    /// Longer bodies are not hashed on the polling thread, which all hosts share.
    static let largestBody = 64 << 10

    private let count: Int
    private let hash: Int

    /// Nil for a body that is too long.
    init?(_ body: [UInt8]) {
        guard body.count <= Self.largestBody else { return nil }
        count = body.count
        var hasher = Hasher()
        body.withUnsafeBytes { hasher.combine(bytes: $0) }
        hash = hasher.finalize()
    }
}
