/// An address for clients.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// A host name, an IPv4 address or an IPv6 address without brackets.
    package let host: String
    /// 0…65535; 0 asks the system for a free port.
    package let port: Int

    /// `127.0.0.1:8080`, `[::1]:8080`.
    package var description: String { Authority(host: host, port: port).description }

    static let keys = ["host", "port"]

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// A wrong host or port gives nil, not the default: that could seem to clash with another address.
    fileprivate init?(reading field: Field, defaultPort: Int) {
        guard let section = field.section(keys: Self.keys) else { return nil }
        let host = section["host"].map { $0.parsed(Authority.host) } ?? "127.0.0.1"
        let port = section["port"].map { $0.integer(in: 0...65535) } ?? defaultPort
        guard let host, let port else { return nil }
        self.init(host: host, port: port)
    }

    static func list(reading field: Field?) -> [ListenAddress] {
        guard let field else { return [ListenAddress(host: "127.0.0.1", port: 8080)] }
        guard let items = field.list() else { return [] }
        if items.isEmpty {
            field.fail("is empty", hint: "leave it out to listen on 127.0.0.1:8080")
        }
        var addresses: [ListenAddress] = []
        for item in items {
            guard let address = ListenAddress(reading: item, defaultPort: 8080) else { continue }
            if address.port != 0, addresses.contains(address) {
                item.fail("listens on \(address), as another entry does")
            }
            addresses.append(address)
        }
        return addresses
    }
}

/// The address for operators: health, metrics, the dashboard. Never one that clients reach.
package struct AdminAddress: Sendable, Hashable, CustomStringConvertible {
    /// A host name, an IPv4 address or an IPv6 address without brackets.
    package let host: String
    /// 0…65535; 0 asks the system for a free port.
    package let port: Int

    /// `127.0.0.1:9090`, `[::1]:9090`.
    package var description: String { Authority(host: host, port: port).description }

    static let keys = ListenAddress.keys

    init?(reading field: Field, listen: [ListenAddress]) {
        guard let address = ListenAddress(reading: field, defaultPort: 9090) else { return nil }
        host = address.host
        port = address.port
        if port != 0, listen.contains(address) {
            field.fail("listens on \(self), as an entry of listen does", hint: "admin is never on a public port")
        }
    }
}
