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
