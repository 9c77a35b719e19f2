/// What a JSON text may cost before it is refused.
package struct JSONLimits: Sendable, Hashable {
    /// The deepest nesting of arrays and objects that is accepted; a scalar has depth 0, `[]` depth 1.
    ///
    /// Values above ``depthCeiling`` count as that: comparing and patching recurse, and a thread's stack is finite.
    package var maxDepth: Int

    /// The longest text that is accepted, in bytes, white space included.
    ///
    /// Values above ``byteCeiling`` count as that: the index holds 32-bit offsets.
    package var maxBytes: Int

    /// The largest `maxDepth` that has an effect.
    package static let depthCeiling = 1024

    /// The largest `maxBytes` that has an effect: 2 GiB.
    package static let byteCeiling = 1 << 31

    /// 512 levels and 64 MiB.
    package static let standard = JSONLimits()

    /// Limits with the given bounds.
    package init(maxDepth: Int = 512, maxBytes: Int = 64 << 20) {
        self.maxDepth = maxDepth
        self.maxBytes = maxBytes
    }

    var effectiveDepth: Int { min(maxDepth, Self.depthCeiling) }
    var effectiveBytes: Int { min(maxBytes, Self.byteCeiling) }
}
