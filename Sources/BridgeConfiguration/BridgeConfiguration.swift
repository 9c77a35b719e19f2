/// The whole of config.json: validated, with every default filled in.
///
/// A value of this type can only be made by ``load(file:environment:inspector:)`` and
/// ``parse(_:fileName:environment:baseDirectory:)``, so whoever holds one holds a correct configuration.
package struct BridgeConfiguration: Sendable, Equatable {
    /// Where clients connect. At least one; no address twice, except with port 0.
    package let listen: [ListenAddress]
    /// Where operators connect; nil: no admin listener.
    package let admin: AdminAddress?
    /// Bounds on what clients may use.
    package let limits: Limits
    /// Pings on idle WebSockets.
    package let keepAlive: KeepAlive
    /// Access rules of every route that has none of its own.
    package let access: AccessRules
    /// The proxies whose word about a client's address is believed.
    package let trustedProxies: [AddressRange]
    /// How requests and connections are logged when they end.
    package let accessLog: AccessLogFormat
    /// Bounds on what is asked of one upstream host, over all routes.
    package let upstream: UpstreamLimits
    /// Over how long the closing of connections is spread when the bridge stops. Zero: all at once.
    package let drain: Duration
    /// Number of event loops, 1…1024; nil: one per core.
    package let eventLoops: Int?
    /// The least severe level that is logged.
    package let logLevel: LogLevel
    /// At least one. No two have templates that match the same paths.
    package let routes: [Route]

    static let keys = [
        "$schema", "listen", "admin", "limits", "keepAlive", "access", "trustedProxies", "accessLog", "upstream",
        "drain",
        "eventLoops", "logLevel", "routes",
    ]

    init?(reading field: Field) {
        guard let section = field.section(keys: Self.keys) else { return nil }
        _ = section["$schema"]?.string()
        let listen = ListenAddress.list(reading: section["listen"])
        self.listen = listen
        admin = section["admin"].flatMap { AdminAddress(reading: $0, listen: listen) }
        let limits = Limits(reading: section["limits"])
        self.limits = limits
        keepAlive = KeepAlive(reading: section["keepAlive"])
        access = section["access"].map(AccessRules.init(reading:)) ?? AccessRules()
        trustedProxies = section["trustedProxies"]?.distinctList(AddressRange.init(parsing:)) ?? []
        accessLog = section["accessLog"]?.choice(AccessLogFormat.self) ?? .text
        upstream = UpstreamLimits(reading: section["upstream"])
        drain = section["drain"]?.duration(zeroAllowed: true) ?? .seconds(5)
        eventLoops = section["eventLoops"]?.integer(in: 1...1024)
        logLevel = section["logLevel"]?.choice(LogLevel.self) ?? .info
        routes = Route.list(reading: section.required("routes"), limits: limits)
    }
}

/// The levels of swift-log, from the most to the least talkative.
package enum LogLevel: String, Sendable, CaseIterable {
    case trace, debug, info, notice, warning, error, critical
}

/// How the access log is written.
package enum AccessLogFormat: String, Sendable, CaseIterable {
    /// One JSON object a line.
    case json
    /// `name=value` pairs in a line.
    case text
    /// Not at all.
    case off
}
