import NIOCore
import PushbridgeClient

/// What a load run does.
package struct LoadPlan: Sendable {
    /// What the connections are for.
    package enum Kind: Sendable {
        /// All receive what the server pushes. With a rate, one more connection sends so many messages a second, which a
        /// channel hands on to the others.
        case fanout(publish: Double?)
        /// Each sends and gets back what it sent: at a rate in messages a second, or so many at a time.
        case echo(rate: Double?, inFlight: Int)
    }

    /// ws or wss.
    package var url: String
    /// What the connections are for.
    package var kind: Kind
    /// How many are opened.
    package var connections: Int
    /// How long is measured, once they are open.
    package var duration: Duration
    /// Bytes of each message that is sent.
    package var size: Int
    /// Headers, subprotocols, trust and compression of each.
    package var options: ClientConnectionOptions

    /// Everything is said.
    package init(
        url: String,
        kind: Kind,
        connections: Int,
        duration: Duration,
        size: Int,
        options: ClientConnectionOptions
    ) {
        self.url = url
        self.kind = kind
        self.connections = connections
        self.duration = duration
        self.size = size
        self.options = options
    }
}
