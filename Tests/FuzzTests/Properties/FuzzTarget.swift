/// What is fuzzed: each reads bytes that strangers choose, and has properties that hold for any of them.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// Frames of RFC 6455 into a session, cut in any way.
    case frames
    /// permessage-deflate: round trips, and inflating what is no deflate stream.
    case deflate
    /// Request heads, extension offers and their negotiation.
    case handshake
    /// JSON texts and their index.
    case document
    /// Two documents and what leads from one to the other.
    case diff
    /// Patches that strangers wrote.
    case patch
    /// JSON Pointer patterns, path and URL templates, patterns of parameters.
    case patterns
    /// config.json.
    case configuration

    /// Whether the target's properties hold for these bytes.
    package func check(_ bytes: [UInt8]) throws(PropertyViolation) {
        switch self {
        case .frames: try FrameProperties.check(bytes)
        case .deflate: try DeflateProperties.check(bytes)
        case .handshake: try HandshakeProperties.check(bytes)
        case .document: try DocumentProperties.check(bytes)
        case .diff: try DiffProperties.check(bytes)
        case .patch: try PatchProperties.check(bytes)
        case .patterns: try PatternProperties.check(bytes)
        case .configuration: try ConfigurationProperties.check(bytes)
        }
    }
}

/// A property that does not hold for some bytes.
package struct PropertyViolation: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Throws what is said to have gone wrong, unless the property holds.
func require(_ holds: Bool, _ complaint: @autoclosure () -> String) throws(PropertyViolation) {
    if !holds { throw PropertyViolation(complaint()) }
}
