/// The path of a route: literal segments and `{name}` parameters, each a whole segment.
package struct PathTemplate: Sendable, Hashable, CustomStringConvertible {
    /// One part of the path between slashes.
    package enum Segment: Sendable, Hashable {
        /// This text, percent-decoded, and nothing else.
        case literal(String)
        /// Any text that is not empty.
        case parameter(String)
    }

    /// The template as it was written: `/scores/{league}`.
    package let text: String
    /// The segments after the leading slash. None for `/`; a trailing slash makes a last segment that is empty.
    package let segments: [Segment]

    /// The names of the parameters, in the order of the path.
    package var parameters: [String] {
        segments.compactMap { if case .parameter(let name) = $0 { name } else { nil } }
    }

    /// The template as it was written.
    package var description: String { text }

    /// Equal for templates that match the same paths.
    func shape(isFolder: Bool) -> [Segment] {
        (isFolder ? folderSegments : segments).map { if case .parameter = $0 { .parameter("") } else { $0 } }
    }

    /// The segments of a path, percent-decoded; nil where it does not begin with a slash, its encoding is broken, or it
    /// decodes to something that is not UTF-8 or has a NUL. Splitting comes first: `%2F` stays inside its segment.
    static func segments(of path: some StringProtocol) -> [String]? {
        guard path.utf8.first == 0x2F else { return nil }
        if path.utf8.count == 1 { return [] }
        var segments: [String] = []
        for part in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard let segment = PercentEncoding.decode(part) else { return nil }
            segments.append(segment)
        }
        return segments
    }

    init(parsing text: String) throws(Mistake) {
        guard text.hasPrefix("/") else {
            throw Mistake("a path begins with \"/\"", hint: text.contains("://") ? nil : "write \(quoted("/" + text))")
        }
        if let mark = text.first(where: { $0 == "?" || $0 == "#" }) {
            throw Mistake(
                "a route's path has no \(mark == "?" ? "query" : "fragment")",
                hint: "leave out \"\(mark)\" and what follows"
            )
        }
        if text.utf8.contains(where: ASCII.isControlOrSpace) {
            throw Mistake("a path has no spaces or control characters", hint: "write a space as %20")
        }
        guard let parts = Self.segments(of: text) else {
            throw Mistake("the path's percent-encoding is broken", hint: "write a literal % as %25")
        }
        var segments: [Segment] = []
        for (index, part) in parts.enumerated() {
            segments.append(try Self.segment(part, isLast: index == parts.count - 1, earlier: segments))
        }
        self.text = text
        self.segments = segments
    }

    private static func segment(_ part: String, isLast: Bool, earlier: [Segment]) throws(Mistake) -> Segment {
        if part.hasPrefix("{"), part.hasSuffix("}"), !part.dropFirst().dropLast().contains(where: { "{}".contains($0) })
        {
            let name = String(part.dropFirst().dropLast())
            guard ASCII.isName(name) else {
                throw Mistake(
                    "\(quoted(name)) is not a name for a parameter",
                    hint: "letters, digits and _, not a digit first"
                )
            }
            if earlier.contains(.parameter(name)) { throw Mistake("the parameter {\(name)} stands in the path twice") }
            return .parameter(name)
        }
        if part.contains(where: { "{}".contains($0) }) {
            throw Mistake("a parameter is a whole segment: \"/{name}/\"", hint: "the segment is \(quoted(part))")
        }
        switch part {
        case ".", "..": throw Mistake("a path has no \(quoted(part)) segment")
        case "*", "**": throw Mistake("a path has no wildcard", hint: "write {name} for one segment")
        case "" where !isLast: throw Mistake("a path has no empty segment", hint: "write one \"/\" where \"//\" is")
        default: return .literal(part)
        }
    }
}

extension PathTemplate {
    /// The segments without the empty one that a trailing slash makes: `/pages` and `/pages/` are one folder.
    package var folderSegments: [Segment] {
        segments.last == .literal("") ? segments.dropLast() : segments
    }
}
