extension Duration {
    /// Reads `"500ms"`, `"2s"`, `"5m"` or `"1h"`, at most a year.
    init(parsing text: String) throws(Mistake) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let milliseconds = ["ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000][text.dropFirst(digits.count)]
        guard let milliseconds, !digits.isEmpty else {
            let hint =
                digits.count == text.count && !text.isEmpty
                ? "write \"\(text)s\" for seconds"
                : text.contains(".") ? "whole numbers only: \"1500ms\" for a second and a half" : nil
            throw Mistake(
                "expected a duration such as \"500ms\", \"2s\", \"5m\" or \"1h\", found \(quoted(text))",
                hint: hint
            )
        }
        let limit = 365 * 24 * 3_600_000
        guard digits.utf8.count <= 12, let count = Int(digits), count * milliseconds <= limit else {
            throw Mistake("\(quoted(text)) is longer than a year")
        }
        self = .milliseconds(count * milliseconds)
    }
}

/// Sizes in bytes.
enum Size {
    static let mebibyte = 1 << 20
    static let gibibyte = 1 << 30

    private static let units = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)]

    /// Reads `"512B"`, `"64KiB"`, `"4MiB"` or `"1GiB"`, at most 1 TiB.
    static func parse(_ text: String) throws(Mistake) -> Int {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let suffix = text.dropFirst(digits.count)
        guard let unit = units.first(where: { $0.0 == suffix })?.1, !digits.isEmpty else {
            let hint: String? =
                switch suffix.lowercased() {
                case _ where digits.isEmpty: nil
                case "": "write \"\(digits)B\" for bytes"
                case "k", "kb", "kib": "write \"\(digits)KiB\""
                case "m", "mb", "mib": "write \"\(digits)MiB\""
                case "g", "gb", "gib": "write \"\(digits)GiB\""
                default: nil
                }
            throw Mistake(
                "expected a size such as \"512B\", \"64KiB\", \"4MiB\" or \"1GiB\", found \(quoted(text))",
                hint: hint
            )
        }
        guard digits.utf8.count <= 9, let count = Int(digits), count * unit <= 1 << 40 else {
            throw Mistake("\(quoted(text)) is more than 1TiB")
        }
        return count * unit
    }

    /// The size in the largest unit that says it in a whole number.
    static func text(_ bytes: Int) -> String {
        guard bytes > 0, let unit = units.first(where: { bytes % $0.1 == 0 }) else { return "\(bytes)B" }
        return "\(bytes / unit.1)\(unit.0)"
    }
}

extension Duration {
    /// A duration as it stands in config.json, such as `500ms` or `2s`; nil where it is none.
    package init?(configurationText text: String) {
        guard let value = try? Duration(parsing: text) else { return nil }
        self = value
    }
}

/// A size in bytes, as it stands in config.json.
package struct ByteSize: Sendable {
    /// How many.
    package let bytes: Int

    /// Reads `64KiB` or `4MiB`; nil where it is no size.
    package init?(configurationText text: String) {
        guard let bytes = try? Size.parse(text) else { return nil }
        self.bytes = bytes
    }
}
