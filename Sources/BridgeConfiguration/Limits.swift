/// Bounds on what clients may use. Connections past a bound are refused; none that exists is ended for a new one.
package struct Limits: Sendable, Equatable {
    /// Connections at one time, over all listeners, at least 1.
    package let connections: Int
    /// Connections at one time from one client address, at least 1.
    package let connectionsPerAddress: Int
    /// From accepting a connection to the end of its first request, and from the first byte of each later one to its end. Positive.
    package let handshakeTimeout: Duration
    /// Largest WebSocket message taken from a client, in bytes, 1 B…1 GiB.
    package let message: Int
    /// Messages that one client may send on one WebSocket; nil: no bound.
    package let rate: MessageRate?

    static let keys = ["connections", "connectionsPerAddress", "handshakeTimeout", "message", "rate"]

    init(reading field: Field?) {
        let section = field?.section(keys: Self.keys)
        connections = section?["connections"]?.integer(in: 1...10_000_000) ?? 15_000
        connectionsPerAddress = section?["connectionsPerAddress"]?.integer(in: 1...10_000_000) ?? 1_000
        handshakeTimeout = section?["handshakeTimeout"]?.duration() ?? .seconds(10)
        message = section?["message"]?.size(in: 1...Size.gibibyte) ?? Size.mebibyte
        rate = section?["rate"]?.parsed(MessageRate.init(parsing:))
    }
}

/// Bounds of one route, within those of the whole bridge.
package struct RouteLimits: Sendable, Equatable {
    /// Connections and requests at one time, at least 1; nil: no bound of the route's own.
    package let connections: Int?
    /// Messages that one client may send on one WebSocket; nil: ``Limits/rate``.
    package let rate: MessageRate?

    static let keys = ["connections", "rate"]

    init(reading field: Field?) {
        let section = field?.section(keys: Self.keys)
        connections = section?["connections"]?.integer(in: 1...10_000_000)
        rate = section?["rate"]?.parsed(MessageRate.init(parsing:))
    }
}

/// Pings that keep idle WebSockets alive and find dead ones.
package struct KeepAlive: Sendable, Equatable {
    /// How long a connection is silent before it is pinged. Positive.
    package let ping: Duration
    /// How long a connection may stay silent in all before it is closed. Longer than `ping`.
    package let timeout: Duration

    static let keys = ["ping", "timeout"]

    init(reading field: Field?) {
        let section = field?.section(keys: Self.keys)
        let ping = section?["ping"]?.duration()
        let timeout = section?["timeout"]?.duration()
        if let ping, let timeout, ping >= timeout {
            field?.fail("ping is not shorter than timeout: clients would be closed before they can answer")
        }
        // What is not written gives way to what is.
        let (standardPing, standardTimeout) = (Duration.seconds(30), Duration.seconds(60))
        self.ping = ping ?? timeout.map { $0 > standardPing ? standardPing : $0 / 2 } ?? standardPing
        self.timeout = timeout ?? ping.map { $0 < standardTimeout ? standardTimeout : $0 * 2 } ?? standardTimeout
    }
}

/// Bounds on what is asked of one upstream host, over all poll routes.
package struct UpstreamLimits: Sendable, Equatable {
    /// Connections at one time, at least 1.
    package let connections: Int
    /// Requests a second, more than 0; may be a fraction.
    package let requestsPerSecond: Double

    static let keys = ["connections", "requestsPerSecond"]

    init(reading field: Field?) {
        let section = field?.section(keys: Self.keys)
        connections = section?["connections"]?.integer(in: 1...100_000) ?? 64
        requestsPerSecond = section?["requestsPerSecond"]?.positiveNumber() ?? 100
    }
}
