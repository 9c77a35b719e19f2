/// How often an endpoint is polled.
package enum PollInterval: Sendable, Equatable {
    /// At a fixed rate. Positive.
    case fixed(Duration)
    /// Between these bounds, by how often the document changes. Positive, `min` at most `max`.
    case adaptive(min: Duration, max: Duration)

    static let keys = ["min", "max"]

    init?(reading field: Field) {
        guard case .object = field.node.value else {
            guard let duration = field.duration() else { return nil }
            self = .fixed(duration)
            return
        }
        guard let section = field.section(keys: Self.keys) else { return nil }
        let (min, max) = (section.required("min")?.duration(), section.required("max")?.duration())
        guard let min, let max else { return nil }
        if min > max {
            field.fail("min is longer than max")
            return nil
        }
        self = .adaptive(min: min, max: max)
    }
}
