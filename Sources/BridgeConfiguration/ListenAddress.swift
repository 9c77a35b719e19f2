/// An address for clients.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// A host name, an IPv4 address or an IPv6 address without brackets.
    package let host: String
    /// 0…65535; 0 asks the system for a free port.
    package let port: Int
    /// Certificates; nil: plain HTTP and WebSocket.
    package let tls: ListenTLS?
    /// Whether clients may choose HTTP/2. Only with `tls`.
    package let http2: Bool
    /// Whether another process may listen on the same address (SO_REUSEPORT): the old and the new one side by side.
    package let reusePort: Bool
    /// The name of a listening socket that the service manager passes (socket activation); host and port are its own
    /// then. nil: one of that address, where it passes any, or a new one.
    package let socket: String?

    /// `127.0.0.1:8080`, `[::1]:8080`.
    package var description: String {
        socket.map { "socket \"\($0)\"" } ?? Authority(host: host, port: port).description
    }

    static let keys = ["host", "port", "tls", "http2", "reusePort", "socket"]

    init(
        host: String,
        port: Int,
        tls: ListenTLS? = nil,
        http2: Bool = true,
        reusePort: Bool = false,
        socket: String? = nil
    ) {
        self.host = host
        self.port = port
        self.tls = tls
        self.http2 = http2
        self.reusePort = reusePort
        self.socket = socket
    }

    fileprivate init?(reading field: Field) {
        guard let section = field.section(keys: Self.keys) else { return nil }
        let (host, port) = section.hostAndPort(defaultPort: 8080)
        let tls = section["tls"].flatMap(ListenTLS.init(reading:))
        let http2 = section["http2"]?.boolean() ?? true
        if section["tls"] == nil {
            section["http2"]?.fail(
                "has no meaning without tls",
                hint: "HTTP/2 is chosen in the TLS handshake; without it there is HTTP/1.1 alone"
            )
        }
        let reusePort = section["reusePort"]?.boolean() ?? false
        let socket = section["socket"]?.parsed(Self.socketName)
        if section["socket"] != nil {
            for key in ["host", "port", "reusePort"] {
                section[key]?.fail("has no meaning with socket", hint: "the service manager's socket unit says it")
            }
        }
        // A listener whose tls or socket is wrong is no other one.
        guard let host, let port, section["tls"] == nil || tls != nil, section["socket"] == nil || socket != nil else {
            return nil
        }
        self.init(host: host, port: port, tls: tls, http2: http2, reusePort: reusePort, socket: socket)
    }

    /// As `FileDescriptorName=` takes it (systemd.socket(5)).
    private static func socketName(_ text: String) throws(Mistake) -> String {
        guard (1...255).contains(text.utf8.count), text.utf8.allSatisfy({ (33...126).contains($0) && $0 != 58 }) else {
            throw Mistake(
                "\(quoted(text)) is no name of a socket",
                hint: "FileDescriptorName= of the socket unit: ASCII without spaces and colons"
            )
        }
        return text
    }

    static func list(reading field: Field?) -> [ListenAddress] {
        guard let field else { return [ListenAddress(host: "127.0.0.1", port: 8080)] }
        guard let items = field.list() else { return [] }
        if items.isEmpty {
            field.fail("is empty", hint: "leave it out to listen on 127.0.0.1:8080")
        }
        var addresses: [ListenAddress] = []
        for item in items {
            guard let address = ListenAddress(reading: item) else { continue }
            if addresses.contains(where: { $0.clashes(with: address) }) {
                item.fail("listens on \(address), as another entry does")
            }
            addresses.append(address)
        }
        return addresses
    }
}

extension Section {
    /// A wrong host or port gives nil, not the default: that could seem to clash with another address.
    func hostAndPort(defaultPort: Int) -> (host: String?, port: Int?) {
        (
            self["host"].map { $0.parsed(Authority.host) } ?? "127.0.0.1",
            self["port"].map { $0.integer(in: 0...65535) } ?? defaultPort
        )
    }
}

extension ListenAddress {
    /// Whether both are one address. Port 0 is another port each time.
    func clashes(with other: ListenAddress) -> Bool {
        if socket != nil || other.socket != nil { return socket == other.socket }
        return port != 0 && host == other.host && port == other.port
    }

    /// Whether it is a loopback or private address (RFC 1918, RFC 4193, RFC 3927, RFC 4291), or localhost. Other names
    /// may mean anything, and the wildcards mean every address.
    var isInside: Bool {
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
