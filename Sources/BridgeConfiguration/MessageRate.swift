/// How many messages in which time, e.g. `"20/s"`.
package struct MessageRate: Sendable, Equatable, CustomStringConvertible {
    /// 1…1 000 000.
    package let count: Int
    /// One second, one minute or one hour.
    package let period: Duration

    /// As it is written in config.json.
    package var description: String { "\(count)/\(period == .seconds(1) ? "s" : period == .seconds(60) ? "m" : "h")" }

    init(parsing text: String) throws(Mistake) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let periods: [Substring: Duration] = ["s": .seconds(1), "m": .seconds(60), "h": .seconds(3600)]
        guard parts.count == 2, parts[0].utf8.count <= 7, parts[0].utf8.allSatisfy(ASCII.isDigit),
            let count = Int(parts[0]), (1...1_000_000).contains(count), let period = periods[parts[1]]
        else {
            throw Mistake(
                "expected a rate such as \"20/s\", \"300/m\" or \"1000/h\", found \(quoted(text))"
            )
        }
        self.count = count
        self.period = period
    }
}
