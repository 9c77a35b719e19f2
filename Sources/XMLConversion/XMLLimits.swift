/// How much of an XML text is accepted.
package struct XMLLimits: Sendable, Hashable {
    /// The deepest nesting of elements. Values above 250 have no effect: libxml2 goes no deeper.
    package var maxDepth: Int
    /// The most elements and attributes, together.
    package var maxNodes: Int
    /// The longest JSON text that may come of it, in bytes.
    package var maxBytes: Int

    /// 200 levels, a million elements and attributes, 64 MiB: what JSON documents are held to, or less.
    package static let standard = XMLLimits()

    /// Limits with the given bounds.
    package init(maxDepth: Int = 200, maxNodes: Int = 1_000_000, maxBytes: Int = 64 << 20) {
        self.maxDepth = maxDepth
        self.maxNodes = maxNodes
        self.maxBytes = maxBytes
    }
}
