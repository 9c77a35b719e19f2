/// An address for clients.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// A host name, an IPv4 address or an IPv6 address without brackets.
    package let host: String
    /// 0…65535; 0 asks the system for a free port.
    package let port: Int
    /// Certificates; nil: plain HTTP and WebSocket.
    package let tls: ListenTLS?

    /// `127.0.0.1:8080`, `[::1]:8080`.
    package var description: String { Authority(host: host, port: port).description }

    static let keys = ["host", "port", "tls"]

    init(host: String, port: Int, tls: ListenTLS? = nil) {
        self.host = host
        self.port = port
        self.tls = tls
    }

    /// A wrong host or port gives nil, not the default: that could seem to clash with another address.
    fileprivate init?(reading field: Field, defaultPort: Int, keys: [String] = Self.keys) {
        guard let section = field.section(keys: keys) else { return nil }
        let host = section["host"].map { $0.parsed(Authority.host) } ?? "127.0.0.1"
        let port = section["port"].map { $0.integer(in: 0...65535) } ?? defaultPort
        let tls = keys.contains("tls") ? section["tls"] : nil
        let readTLS = tls.flatMap(ListenTLS.init(reading:))
        guard let host, let port, tls == nil || readTLS != nil else { return nil }
        self.init(host: host, port: port, tls: readTLS)
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
            if address.port != 0, addresses.contains(where: { $0.description == address.description }) {
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

    static let keys = ["host", "port"]

    init?(reading field: Field, listen: [ListenAddress]) {
        guard let address = ListenAddress(reading: field, defaultPort: 9090, keys: Self.keys) else { return nil }
        host = address.host
        port = address.port
        if port != 0, listen.contains(where: { $0.description == address.description }) {
            field.fail("listens on \(self), as an entry of listen does", hint: "admin is never on a public port")
        }
    }
}
