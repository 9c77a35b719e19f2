/// Which request paths belong to a route: literal segments and `{name}` parameters.
package struct RoutePattern: Sendable, Hashable {
    /// What stands between two slashes.
    package enum Segment: Sendable, Hashable {
        /// This text, percent-decoded.
        case literal(String)
        /// Anything but nothing, which becomes the value of the parameter of this name.
        case parameter(String)
    }

    /// As the configuration has it, such as `/scores/{league}`.
    package let text: String
    /// In order; none for `/`.
    package let segments: [Segment]

    package init(text: String, segments: [Segment]) {
        self.text = text
        self.segments = segments
    }

    /// The values of the parameters where the path matches as a whole. Segments are percent-decoded.
    func match(_ path: [String]) -> [String: String]? {
        guard path.count == segments.count else { return nil }
        return matchPrefix(path)
    }

    /// The same where the path begins with the pattern.
    func matchPrefix(_ path: [String]) -> [String: String]? {
        guard path.count >= segments.count else { return nil }
        var parameters: [String: String] = [:]
        for (segment, value) in zip(segments, path) {
            switch segment {
            case .literal(let text):
                guard text == value else { return nil }
            case .parameter(let name):
                guard !value.isEmpty else { return nil }
                parameters[name] = value
            }
        }
        return parameters
    }
}
