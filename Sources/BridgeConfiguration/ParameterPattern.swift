import Synchronization

/// What a path parameter may be.
package struct ParameterPattern: Sendable, Equatable, CustomStringConvertible {
    /// The regular expression; it must match the whole value.
    package let text: String
    private let matcher: Matcher?

    /// The pattern of parameters that name none: nothing in it has a meaning in a URL.
    package static let standard = ParameterPattern()

    /// The regular expression.
    package var description: String { text }

    package static func == (first: ParameterPattern, second: ParameterPattern) -> Bool { first.text == second.text }

    /// Whether the pattern matches the whole value. Never for an empty value, `.`, `..`, one with a NUL, which ends the
    /// text for many a backend, or more than 256 bytes of UTF-8: the engine backtracks, and its work must have a bound
    /// that the client does not choose.
    package func accepts(_ value: String) -> Bool {
        guard !value.isEmpty, value != ".", value != "..", value.utf8.count <= 256, !value.utf8.contains(0) else {
            return false
        }
        guard let matcher else {
            return value.utf8.count <= 64
                && value.utf8.allSatisfy { ASCII.isUnreserved($0) && $0 != 0x7E }
        }
        return matcher.accepts(value)
    }

    private init() {
        text = "[A-Za-z0-9._-]{1,64}"
        matcher = nil
    }

    init(parsing text: String) throws(Mistake) {
        if text.isEmpty { throw Mistake("an empty pattern matches nothing") }
        // The pattern's parser recurses once for each parenthesis.
        if text.utf8.count > 256 { throw Mistake("the pattern is longer than 256 bytes") }
        self.text = text
        matcher = text == Self.standard.text ? nil : try Matcher(text)
    }
}

/// `Regex` is not `Sendable`; a lock makes one usable from every event loop.
private final class Matcher: Sendable {
    private let regex: Mutex<Regex<AnyRegexOutput>>

    init(_ text: String) throws(Mistake) {
        do {
            // By scalar: a combining mark must not hide the character it follows.
            regex = Mutex(try Regex(text).matchingSemantics(.unicodeScalar))
        } catch {
            throw Mistake("the pattern \(quoted(text)) is not a regular expression: \(error)")
        }
    }

    func accepts(_ value: String) -> Bool {
        regex.withLock { regex in
            (try? regex.wholeMatch(in: value)) != nil
        }
    }
}
