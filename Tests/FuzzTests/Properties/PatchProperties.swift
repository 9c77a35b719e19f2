@testable import JSONDelta

/// A patch that a stranger wrote is carried out or refused, and its result stays within the limits.
enum PatchProperties {
    private static let limits = JSONLimits(maxDepth: 32, maxBytes: 1 << 14)

    /// A document, a NUL, and a patch.
    static func check(_ bytes: [UInt8]) throws(PropertyViolation) {
        let parts = bytes.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let document = try? JSONDocument(parsing: Array(parts[0]), limits: limits) else {
            return
        }
        let patch = Array(parts[1])
        if let result = try? document.applying(patch: patch, limits: limits) { try checkResult(result) }
        if let result = try? document.applyingMerge(patch, limits: limits) {
            try checkResult(result)
            let twice = try? result.applyingMerge(patch, limits: limits)
            try require(twice?.bytes == result.bytes, "a merge patch does something else the second time")
        }
    }

    private static func checkResult(_ result: JSONDocument) throws(PropertyViolation) {
        try require(result.bytes.count <= limits.maxBytes, "the result has \(result.bytes.count) bytes")
        let again = try? JSONDocument(parsing: result.bytes, limits: limits)
        try require(again?.bytes == result.bytes, "the result is not JSON in its delivered form")
    }
}
