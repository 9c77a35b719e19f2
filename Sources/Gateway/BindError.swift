import Glibc
import NIOCore

/// A listener could not be bound.
package struct BindError: Error, CustomStringConvertible {
    /// As it was asked for.
    package let address: ListenerAddress
    /// What NIO or the system said.
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
