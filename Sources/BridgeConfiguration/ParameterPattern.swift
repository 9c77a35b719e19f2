/// What a path parameter may be.
package struct ParameterPattern: Sendable, Equatable, CustomStringConvertible {
    /// The regular expression, in PCRE2's syntax; it must match the whole value.
    package let text: String
    private let expression: RegularExpression?

    /// The pattern of parameters that name none: nothing in it has a meaning in a URL.
    package static let standard = ParameterPattern()

    /// The regular expression.
    package var description: String { text }

    package static func == (first: ParameterPattern, second: ParameterPattern) -> Bool { first.text == second.text }

    /// Whether the pattern matches the whole value. Never for an empty value, `.`, `..`, one with a NUL, which ends the
    /// text for many a backend, more than 256 bytes of UTF-8, or one on which the pattern backtracks so much that it would
    /// take more than a few milliseconds to tell. Any thread may ask, event loops too.
    package func accepts(_ value: String) -> Bool {
        guard !value.isEmpty, value != ".", value != "..", value.utf8.count <= 256, !value.utf8.contains(0) else {
            return false
        }
        guard let expression else {
            return value.utf8.count <= 64
                && value.utf8.allSatisfy { ASCII.isUnreserved($0) && $0 != 0x7E }
        }
        return expression.matches(value)
    }

    private init() {
        text = "[A-Za-z0-9._-]{1,64}"
        expression = nil
    }

    init(parsing text: String) throws(Mistake) {
        if text.isEmpty { throw Mistake("an empty pattern matches nothing") }
        if text.utf8.count > 256 { throw Mistake("the pattern is longer than 256 bytes") }
        self.text = text
        do throws(RegularExpression.SyntaxError) {
            expression = text == Self.standard.text ? nil : try RegularExpression(text)
        } catch {
            throw Mistake("the pattern \(quoted(text)) is not a regular expression: \(error)")
        }
    }
}
