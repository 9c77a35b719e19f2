/// A route to a service that speaks a byte stream: over TCP, TLS or a Unix socket.
package struct TunnelRoute: Sendable, Equatable {
    /// Tried in turn from a rotating start; empty with ``targets``.
    package let to: [BackendAddress]
    /// Chosen by the route's `{target}` parameter; empty with ``to``.
    package let targets: [String: BackendAddress]
    /// Where an address with parameters may lead; empty without parameters.
    package let allow: [AllowedBackend]
    /// TLS towards `tls://` backends; nil: the system's authorities.
    package let tls: BackendTLS?
    /// The version of the PROXY protocol that tells the backend the client's address, 1 or 2; nil: none.
    package let proxyProtocol: Int?
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
        "to", "targets", "allow", "connect", "connectTimeout", "idleTimeout", "halfCloseTimeout", "clientText",
        "subprotocols", "frames", "tls", "proxyProtocol",
    ]

    init?(reading field: Field, path: PathTemplate?) {
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
        tls = section["tls"].flatMap(BackendTLS.init(reading:))
        proxyProtocol = section["proxyProtocol"]?.integer(in: 1...2)
        allow = section["allow"]?.distinctList(AllowedBackend.init(parsing:)) ?? []
        targets = section["targets"].map(Self.targets(reading:)) ?? [:]
        if section["targets"] == nil {
            to = section.required("to").map(BackendAddress.list(reading:)) ?? []
        } else {
            section["to"]?.fail("cannot be with targets", hint: "a tunnel has one of the two")
            to = []
        }
        if to.isEmpty, targets.isEmpty { return nil }
        check(section, path: path)
    }

    private static func targets(reading field: Field) -> [String: BackendAddress] {
        guard let members = field.members(expected: "an object of names and addresses") else { return [:] }
        if members.isEmpty { field.fail("is empty", hint: "name at least one target") }
        return Dictionary(
            members.compactMap { member in
                member.field.parsed(BackendAddress.init(parsing:), example: "\"tcp://127.0.0.1:7007\"")
                    .map { (member.key, $0) }
            },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// What concerns several keys at once.
    private func check(_ section: Section, path: PathTemplate?) {
        let addresses = to + targets.values
        let parameters = addresses.reduce(into: Set<String>()) { $0.formUnion($1.parameters) }
        if let path {
            for name in parameters.subtracting(path.parameters).sorted() {
                (section["to"] ?? section["targets"])?
                    .fail("takes {\(name)}, which the route's path \(quoted(path.text)) does not have")
            }
            if !targets.isEmpty, !path.parameters.contains("target") {
                section["targets"]?.fail(
                    "needs the parameter {target} in the route's path",
                    hint: "as in \"/tunnel/{target}\""
                )
            }
        }
        if !parameters.isEmpty, section["allow"] == nil {
            section.field.fail(
                "has an address with parameters, but no allow",
                hint: "list where clients may be taken, as in \"allow\": [\"10.0.0.0/8:5900-5999\"]"
            )
        } else if parameters.isEmpty {
            section["allow"]?.fail("is for addresses with parameters, and there is none")
        }
        if !addresses.contains(where: { $0.transport == .tls }) {
            section["tls"]?.fail("is for tls:// addresses, and there is none")
        }
    }
}
