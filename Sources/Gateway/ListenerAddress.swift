/// Where a listener is to be bound.
package struct ListenerAddress: Sendable, CustomStringConvertible {
    /// A name or an address; an IPv6 address without brackets.
    package let host: String
    /// 0…65535; 0 lets the system choose.
    package let port: Int
    /// nil: plain HTTP and WebSocket.
    package let tls: ListenerTLS?
    /// Another process may listen there too (SO_REUSEPORT, socket(7)).
    package let reusesPort: Bool
    /// A listening TCP socket that this process was started with; nil: one is bound. It stays open as long as the
    /// process, so that a listener that a reload dropped can come back.
    package let socket: CInt?

    package init(host: String, port: Int, tls: ListenerTLS? = nil, reusesPort: Bool = false, socket: CInt? = nil) {
        self.host = host
        self.port = port
        self.tls = tls
        self.reusesPort = reusesPort
        self.socket = socket
    }

    /// `http://127.0.0.1:8080`, `https://[::1]:8443`.
    package var url: String { "\(tls == nil ? "http" : "https")://\(self)" }

    package var description: String { "\(host.bracketedHost):\(port)" }

    /// The same with the port that the system chose.
    func bound(to port: Int?) -> ListenerAddress {
        ListenerAddress(host: host, port: port ?? self.port, tls: tls, reusesPort: reusesPort, socket: socket)
    }

    /// Whether a listener of the other address serves this one too; certificates can change while it listens.
    func isSamePlace(as other: ListenerAddress) -> Bool {
        host == other.host && port == other.port && reusesPort == other.reusesPort && socket == other.socket
    }
}
