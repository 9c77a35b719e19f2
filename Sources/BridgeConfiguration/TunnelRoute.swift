/// A route to a TCP service.
package struct TunnelRoute: Sendable, Equatable {
    /// At least one; tried in turn from a rotating start.
    package let to: [BackendAddress]
    /// Whether the backend is connected before the upgrade is answered.
    package let connect: ConnectOrder
    /// For one connection to one backend. Positive.
    package let connectTimeout: Duration
    /// How long neither side may send anything; nil: no bound.
    package let idleTimeout: Duration?
    /// How long the backend has to end its side after the client ended. Positive.
    package let halfCloseTimeout: Duration
    /// What happens to text frames from the client.
    package let clientText: ClientText
    /// Accepted `Sec-WebSocket-Protocol` values, in the order of config.json; a client that asks for none is
    /// accepted too.
    package let subprotocols: [String]
    /// How the backend's bytes go to the client.
    package let frames: FrameKind

    /// When the backend is connected.
    package enum ConnectOrder: String, Sendable, CaseIterable {
        /// Before the upgrade is answered: failures are HTTP statuses.
        case before
        /// After it: failures are close codes, which a page in a browser can see.
        case after
    }

    /// What happens to text frames from the client.
    package enum ClientText: String, Sendable, CaseIterable {
        /// Their UTF-8 bytes go to the backend.
        case accept
        /// The connection is closed with 1003.
        case reject
    }

    /// How the backend's bytes go to the client.
    package enum FrameKind: String, Sendable, CaseIterable {
        /// Binary frames.
        case binary
        /// Text frames of UTF-8, never cut inside a character.
        case text
        /// Text frames of base64, both ways, for clients from before binary frames.
        case base64
    }

    static let keys = [
        "to", "connect", "connectTimeout", "idleTimeout", "halfCloseTimeout", "clientText", "subprotocols", "frames",
    ]

    init?(reading field: Field) {
        guard let section = field.section(keys: Self.keys) else { return nil }
        connect = section["connect"]?.choice(ConnectOrder.self) ?? .before
        connectTimeout = section["connectTimeout"]?.duration() ?? .seconds(5)
        idleTimeout = section["idleTimeout"]?.duration()
        halfCloseTimeout = section["halfCloseTimeout"]?.duration() ?? .seconds(10)
        clientText = section["clientText"]?.choice(ClientText.self) ?? .accept
        subprotocols = section["subprotocols"]?.distinctList(HTTPToken.parse) ?? ["binary"]
        frames = section["frames"]?.choice(FrameKind.self) ?? .binary
        if frames == .base64, clientText == .reject {
            section["clientText"]?.fail("\"reject\" cannot be with \"frames\": \"base64\", which is text both ways")
        }
        to = section.required("to").map(BackendAddress.list(reading:)) ?? []
        if to.isEmpty { return nil }
    }
}

/// A TCP address behind a tunnel.
package struct BackendAddress: Sendable, Hashable, CustomStringConvertible {
    /// A host name, an IPv4 address or an IPv6 address without brackets.
    package let host: String
    /// 1…65535.
    package let port: Int

    /// As it is written in config.json: `tcp://127.0.0.1:7007`, `tcp://[::1]:7007`.
    package var description: String { "tcp://\(Authority(host: host, port: port))" }

    static func list(reading field: Field) -> [BackendAddress] {
        if case .array = field.node.value {
            let items = field.list() ?? []
            if items.isEmpty { field.fail("is empty", hint: "name at least one \"tcp://host:port\"") }
            return items.compactMap { $0.parsed(BackendAddress.init(parsing:), example: "\"tcp://127.0.0.1:7007\"") }
        }
        return [field.parsed(BackendAddress.init(parsing:), example: "\"tcp://127.0.0.1:7007\" or a list of such")]
            .compactMap(\.self)
    }

    init(parsing text: String) throws(Mistake) {
        let parts = text.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            throw Mistake("expected an address such as \"tcp://127.0.0.1:7007\", found \(quoted(text))")
        }
        switch parts[0].lowercased() {
        case "tcp": break
        case "tls", "unix":
            throw Mistake("\(parts[0]):// is not supported", hint: "this version of pushbridge connects to tcp:// only")
        default:
            throw Mistake(
                "\(quoted("\(parts[0])://")) is not an address pushbridge knows",
                hint: "write tcp://host:port"
            )
        }
        if parts[1].contains("{") {
            throw Mistake(
                "parameters in a tunnel's address are not supported",
                hint: "write one route for each address"
            )
        }
        if let end = parts[1].firstIndex(where: { "/?#@".contains($0) }) {
            throw Mistake("an address is a host and a port", hint: "leave out \(quoted(String(parts[1][end])))")
        }
        let authority = try Authority(parsing: String(parts[1]), portRequired: true)
        guard let port = authority.port else { throw Mistake("the port is missing") }
        host = authority.host
        self.port = port
    }
}
