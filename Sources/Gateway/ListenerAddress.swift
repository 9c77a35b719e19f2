import Glibc
import NIOCore

/// Where a listener is to be bound.
package struct ListenerAddress: Sendable, CustomStringConvertible {
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

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// The same with the port that the system chose.
    func bound(to port: Int?) -> ListenerAddress {
        ListenerAddress(host: host, port: port ?? self.port, tls: tls, reusesPort: reusesPort, socket: socket)
    }

    /// Whether a listener of the other address serves this one too; certificates can change while it listens.
    func isSamePlace(as other: ListenerAddress) -> Bool {
        host == other.host && port == other.port && reusesPort == other.reusesPort && socket == other.socket
    }
}

/// A listener could not be bound.
package struct BindError: Error, CustomStringConvertible {
    package let address: ListenerAddress
    package let underlying: any Error

    package var description: String {
        "cannot listen on \(address): \(reason)"
    }

    private var reason: String {
        if underlying is SocketAddressError.UnknownHost { return "the name has no address; write an address" }
        return switch (underlying as? IOError)?.errnoCode {
        case EADDRINUSE:
            "the port is in use by another program; stop it (\"ss -ltnp\" names it) or choose another port"
        case EACCES:
            "not permitted; choose a port from 1024 on, or give the process CAP_NET_BIND_SERVICE, as the systemd unit does"
        case EADDRNOTAVAIL: "this machine does not have that address; \"0.0.0.0\" is every IPv4 address that it has"
        default: "\(underlying)"
        }
    }
}
