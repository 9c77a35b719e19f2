/// A route on which every message goes to every other client.
package struct ChannelRoute: Sendable, Equatable {
    /// How many messages a newcomer is sent, 0…100 000.
    package let history: Int
    /// Whether the sender gets its own message too.
    package let echo: Bool
    /// Largest message in bytes; `limits.message` where the route names none.
    package let message: Int
    /// What one client may send; nil: no bound.
    package let rate: MessageRate?
    /// Bytes that may wait for a client that does not read; past them it is closed with 1013.
    package let buffer: Int

    static let keys = ["history", "echo", "message", "rate", "buffer"]

    init?(reading field: Field, limits: Limits) {
        guard let section = field.section(keys: Self.keys) else { return nil }
        history = section["history"]?.integer(in: 0...100_000) ?? 0
        echo = section["echo"]?.boolean() ?? false
        message = section["message"]?.size(in: 1...Size.gibibyte) ?? limits.message
        rate = section["rate"]?.parsed(MessageRate.init(parsing:))
        buffer = section["buffer"]?.size(in: 1...Size.gibibyte) ?? Size.mebibyte
    }
}

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

/// A route that offers the other routes as subscriptions over one WebSocket.
package struct MultiplexRoute: Sendable, Equatable {
    /// Subscriptions of one connection at one time, 1…1 000 000.
    package let maxSubscriptions: Int

    static let keys = ["maxSubscriptions"]

    init?(reading field: Field) {
        guard let section = field.section(keys: Self.keys) else { return nil }
        maxSubscriptions = section["maxSubscriptions"]?.integer(in: 1...1_000_000) ?? 1_000
    }
}
