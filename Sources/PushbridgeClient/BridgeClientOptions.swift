/// How a ``BridgeClient`` connects.
public struct BridgeClientOptions: Sendable {
    /// Headers, trust, proxy and limits of each connection. Its subprotocols are the client's own.
    public var connection = ClientConnectionOptions()
    /// Asked before each connection; what it gives goes as `Authorization: Bearer`. Told whether the last one may have been
    /// refused, so that a kept token is not given again.
    public var token: (@Sendable (_ wasRefused: Bool) async throws -> String?)?

    /// The defaults: no token, documents of up to 64 MiB.
    public init() {
        connection.maximumMessage = 64 << 20
    }
}

/// How a topic is subscribed.
public struct BridgeSubscriptionOptions: Sendable, Hashable {
    /// How changes travel.
    public enum Mode: String, Sendable, Hashable, CaseIterable {
        /// As whole documents.
        case snapshot
        /// As patches (RFC 6902), which the client applies.
        case patch
        /// As merge patches (RFC 7396), which the client applies.
        case merge
        /// As one event for each item of a keyed array; documents come at the beginning only.
        case events
    }

    /// How changes travel.
    public var mode = Mode.patch
    /// Messages a second, at most, above 0 and up to 1000; nil: as they come.
    public var maximumRate: Double?

    /// The defaults.
    public init(mode: Mode = .patch, maximumRate: Double? = nil) {
        self.mode = mode
        self.maximumRate = maximumRate
    }
}

/// Why something could not be subscribed or sent.
public enum BridgeClientError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A client subscribes to a topic once.
    case alreadySubscribed(topic: String)
    /// The topic is no path.
    case invalidTopic(String)
    /// The data that should be sent is not JSON.
    case invalidData(reason: String)
    /// The bridge answered a `send` with an HTTP status.
    case refused(code: Int, reason: String)
    /// The connection ended before the answer: whether the message arrived is unknown.
    case interrupted
    /// Too many messages wait for a connection.
    case tooManyWaiting
    /// The subscription or the client is closed.
    case closed

    /// One sentence.
    public var description: String {
        switch self {
        case .alreadySubscribed(let topic): "\(topic) is subscribed already: use that subscription, or close it first"
        case .invalidTopic(let topic): "\"\(topic)\" is no topic: write a path, such as /scores/premier"
        case .invalidData(let reason): "only JSON can be sent: \(reason)"
        case .refused(let code, let reason): "the bridge answered \(code): \(reason)"
        case .interrupted: "the connection ended before the answer; the message may have arrived or not"
        case .tooManyWaiting: "too many messages wait for a connection"
        case .closed: "the subscription is closed"
        }
    }
}

/// What the bridge answered to a message.
public struct BridgeAnswer: Sendable, Hashable {
    /// The legacy endpoint's HTTP status; 202 from a channel.
    public let status: Int
    /// What the legacy endpoint said, where that is JSON.
    public let data: BridgeContent?
}
