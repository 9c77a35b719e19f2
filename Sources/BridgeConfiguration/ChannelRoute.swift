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
    /// Bytes that may wait for a client that does not read; past them it is closed with 1013. A room's history has no
    /// more of them either.
    package let buffer: Int
    /// Rooms that there may be at once, 1…1 000 000.
    package let maxRooms: Int

    static let keys = ["history", "echo", "message", "rate", "buffer", "maxRooms"]

    init?(reading field: Field, limits: Limits) {
        guard let section = field.section(keys: Self.keys) else { return nil }
        history = section["history"]?.integer(in: 0...100_000) ?? 0
        echo = section["echo"]?.boolean() ?? false
        message = section["message"]?.size(in: 1...Size.gibibyte) ?? limits.message
        rate = section["rate"]?.parsed(MessageRate.init(parsing:))
        buffer = section["buffer"]?.size(in: 1...Size.gibibyte) ?? Size.mebibyte
        maxRooms = section["maxRooms"]?.integer(in: 1...1_000_000) ?? 10_000
    }
}
