/// Why a connection to a bridge could not be opened, or can no longer be used.
public enum ClientConnectionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The URL is not one that can be connected to.
    case invalidURL(String, reason: String)
    /// No TCP connection: the name is unknown, or nobody listens.
    case unreachable(address: String, reason: String)
    /// TLS failed: an unknown certificate authority, a wrong name, or a port that does not speak TLS.
    case tls(address: String, reason: String)
    /// The opening handshake was not complete in time.
    case timeout(address: String)
    /// The server answered the handshake with another HTTP status than 101, and said this: the `detail` of problem+json, or
    /// the first bytes of its answer.
    case refused(status: Int, detail: String)
    /// The answer is no WebSocket handshake (RFC 6455 section 4.1).
    case handshake(reason: String)
    /// The proxy did not open the way.
    case proxy(address: String, reason: String)
    /// The connection ended before the handshake was complete.
    case endedEarly(address: String)
    /// Nothing can be sent: the connection is closed, or is being closed.
    case closed

    /// One sentence that says what to do where that is known.
    public var description: String {
        switch self {
        case .invalidURL(let url, let reason): "\"\(url)\" cannot be connected to: \(reason)"
        case .unreachable(let address, let reason): "cannot connect to \(address): \(reason)"
        case .tls(let address, let reason): "TLS with \(address) failed: \(reason)"
        case .timeout(let address): "\(address) did not complete the handshake in time"
        case .refused(let status, let detail):
            "the server answered \(status) instead of 101" + (detail.isEmpty ? "" : ": \(detail)")
        case .handshake(let reason): reason
        case .proxy(let address, let reason): "the proxy \(address) did not open the way: \(reason)"
        case .endedEarly(let address): "\(address) ended the connection before the handshake was complete"
        case .closed: "the connection is closed"
        }
    }
}
