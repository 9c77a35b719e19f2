/// The address for operators: health, metrics, the dashboard. Never one that clients reach.
package struct AdminAddress: Sendable, Hashable, CustomStringConvertible {
    /// A host name, an IPv4 address or an IPv6 address without brackets.
    package let host: String
    /// 0…65535; 0 asks the system for a free port.
    package let port: Int
    /// What operators have to show; nil: nothing, which only an address inside may have.
    package let access: AccessRules?

    /// `127.0.0.1:9090`, `[::1]:9090`.
    package var description: String { Authority(host: host, port: port).description }

    static let keys = ["host", "port", "access"]

    init?(reading field: Field, listen: [ListenAddress]) {
        guard let section = field.section(keys: Self.keys) else { return nil }
        guard case (let host?, let port?) = section.hostAndPort(defaultPort: 9090) else { return nil }
        self.host = host
        self.port = port
        access = section["access"].map(AccessRules.init(reading:))
        if access?.connectionsPerAddress != nil {
            section["access"]?.fail(
                "connectionsPerAddress bounds clients of routes, not operators",
                hint: "leave it out"
            )
        }
        let address = ListenAddress(host: host, port: port)
        if !address.isInside, access?.asksForCredentials != true {
            field.fail(
                "listens on \(host), which anybody may reach",
                hint: "use 127.0.0.1, ::1 or a private address, or add access with basic, jwt or request"
            )
        }
        if listen.contains(where: { $0.clashes(with: address) }) {
            field.fail("listens on \(self), as an entry of listen does", hint: "admin is never on a public port")
        }
    }
}
