/// An address for clients.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// A host name, an IPv4 address or an IPv6 address without brackets.
    package let host: String
    /// 0…65535; 0 asks the system for a free port.
    package let port: Int
    /// Certificates; nil: plain HTTP and WebSocket.
    package let tls: ListenTLS?
    /// Whether another process may listen on the same address (SO_REUSEPORT): the old and the new one side by side.
    package let reusePort: Bool

    /// `127.0.0.1:8080`, `[::1]:8080`.
    package var description: String { Authority(host: host, port: port).description }

    static let keys = ["host", "port", "tls", "reusePort"]

    init(host: String, port: Int, tls: ListenTLS? = nil, reusePort: Bool = false) {
        self.host = host
        self.port = port
        self.tls = tls
        self.reusePort = reusePort
    }

    /// A wrong host or port gives nil, not the default: that could seem to clash with another address.
    fileprivate init?(reading field: Field, defaultPort: Int, keys: [String] = Self.keys) {
        guard let section = field.section(keys: keys) else { return nil }
        let host = section["host"].map { $0.parsed(Authority.host) } ?? "127.0.0.1"
        let port = section["port"].map { $0.integer(in: 0...65535) } ?? defaultPort
        let tls = keys.contains("tls") ? section["tls"] : nil
        let readTLS = tls.flatMap(ListenTLS.init(reading:))
        guard let host, let port, tls == nil || readTLS != nil else { return nil }
        let reusePort = keys.contains("reusePort") ? section["reusePort"]?.boolean() : nil
        self.init(host: host, port: port, tls: readTLS, reusePort: reusePort ?? false)
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
        if !address.isInside {
            field.fail(
                "listens on \(host), which anybody may reach",
                hint: "admin asks nobody who they are: use 127.0.0.1, ::1 or a private address"
            )
        }
        if port != 0, listen.contains(where: { $0.description == address.description }) {
            field.fail("listens on \(self), as an entry of listen does", hint: "admin is never on a public port")
        }
    }
}

extension ListenAddress {
    /// Whether it is a loopback or private address (RFC 1918, RFC 4193, RFC 3927, RFC 4291), or localhost. Other names
    /// may mean anything, and the wildcards mean every address.
    fileprivate var isInside: Bool {
        if host.lowercased() == "localhost" { return true }
        if host.contains(":") {
            let text = host.lowercased()
            return text == "::1" || text.hasPrefix("fc") || text.hasPrefix("fd") || text.hasPrefix("fe80:")
        }
        let bytes = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard bytes.count == 4, let first = bytes[0], let second = bytes[1], !bytes.contains(nil) else { return false }
        switch (first, second) {
        case (127, _), (10, _), (172, 16...31), (192, 168), (169, 254): return true
        default: return false
        }
    }
}
