import NIOCore

/// How a ``ClientConnection`` is opened and kept.
public struct ClientConnectionOptions: Sendable {
    /// Which HTTP proxy is asked to open the way (CONNECT, RFC 9110 section 9.3.6).
    public enum Proxy: Sendable, Hashable {
        /// `HTTP_PROXY` for ws, `HTTPS_PROXY` for wss, else `ALL_PROXY`, in lower case too; not for loopback
        /// addresses, nor for what `NO_PROXY` names.
        case environment
        /// None.
        case none
        /// This one: `http://[name:password@]host:port`.
        case url(String)
    }

    /// Sent with the handshake besides its own, in order.
    public var headers: [(name: String, value: String)] = []
    /// Offered as `Sec-WebSocket-Protocol`, in order of preference.
    public var subprotocols: [String] = []
    /// Whether permessage-deflate (RFC 7692) is offered.
    public var offersCompression = true
    /// A PEM file of the authorities that are trusted in place of the system's; for wss.
    public var certificateAuthorities: String?
    /// Which proxy is used.
    public var proxy: Proxy = .environment
    /// For all of it: name, TCP, proxy, TLS and handshake.
    public var connectTimeout: TimeAmount = .seconds(10)
    /// The longest message that is taken, in bytes; a longer one ends the connection with 1009. Not with
    /// ``streamsMessages``.
    public var maximumMessage = 16 << 20
    /// The server is pinged after so long a silence, and given up after twice that.
    public var pingInterval: TimeAmount = .seconds(30)
    /// Whether messages are handed on in parts as they arrive, all as ``ClientMessage/binary(_:)``: for byte streams.
    public var streamsMessages = false

    /// The defaults.
    public init() {}
}
