@testable import BridgeConfiguration
@testable import JSONDelta

/// Patterns and templates are refused or do what they say; a parameter never leaves its place in a URL.
enum PatternProperties {
    /// Two lines: a pattern or template, and what is put to it.
    static func check(_ bytes: [UInt8]) throws(PropertyViolation) {
        let parts = bytes.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard parts.count == 2 else { return }
        try checkPointers(parts[0], parts[1])
        try checkPath(parts[0], parts[1])
        try checkURL(parts[0], parts[1])
        try checkParameter(parts[0], parts[1])
    }

    private static func checkPointers(_ pattern: String, _ text: String) throws(PropertyViolation) {
        guard let pointer = try? JSONPointer(text) else { return }
        guard let itself = try? JSONPointerPattern(text) else {
            throw PropertyViolation("\(text.debugDescription) is a pointer and no pattern")
        }
        let cursor = PatternCursor([itself]).entering(pointer.steps)
        try require(cursor.match == 0, "\(text.debugDescription) does not match itself")
        if let pattern = try? JSONPointerPattern(pattern) { _ = PatternCursor([pattern]).entering(pointer.steps).match }
    }

    private static func checkPath(_ template: String, _ path: String) throws(PropertyViolation) {
        if let template = try? PathTemplate(parsing: template) {
            try require(Set(template.parameters).count == template.parameters.count, "\(template): a name twice")
        }
        if let segments = PathTemplate.segments(of: path) {
            try require(!segments.contains { $0.utf8.contains(0) }, "\(path): a NUL came through")
        }
    }

    private static func checkURL(_ text: String, _ value: String) throws(PropertyViolation) {
        if let template = try? URLTemplate(parsing: text) {
            let values = Dictionary(uniqueKeysWithValues: template.parameters.map { ($0, value) })
            _ = template.url(parameters: values)
        }
        guard let template = try? URLTemplate(parsing: "http://host:1/a/{x}/b?q={x}&r=1"),
            let url = template.url(parameters: ["x": value])
        else { return }
        try require(url.hasPrefix("http://host:1/a/") && url.hasSuffix("&r=1"), url)
        let isClean = url.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }
        try require(isClean, url.debugDescription)
        for (character, count) in [("/", 5), ("?", 1), ("&", 1), ("=", 2), ("@", 0), ("\\", 0)] {
            let found = url.utf8.count { $0 == character.utf8.first }
            try require(found == count, "\(found) times \(character) in \(url)")
        }
        try require(!url.contains("/../") && !url.contains("/./"), url)
    }

    private static func checkParameter(_ pattern: String, _ value: String) throws(PropertyViolation) {
        if ParameterPattern.standard.accepts(value) {
            let isPlain = value.utf8.allSatisfy { byte in
                ASCII.isUnreserved(byte) && byte != UInt8(ascii: "~")
            }
            try require(isPlain && value != "." && value != "..", value.debugDescription)
        }
        guard let parsed = try? ParameterPattern(parsing: pattern), parsed.accepts(value) else { return }
        try require(!value.isEmpty && value != "." && value != ".." && value.utf8.count <= 256, value)
    }
}
