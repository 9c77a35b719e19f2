/// What an operator is told of one open tunnel.
package struct TunnelInfo: Sendable, Encodable {
    /// Tells it from all others of this process.
    package let id: String
    /// The route's path as it is configured.
    package let route: String
    /// The address that was connected to: `127.0.0.1:7007`, or the path of a Unix socket; nil while it is being
    /// connected.
    package let backend: String?
    /// The client's IP address; nil on a Unix socket.
    package let address: String?
    /// Milliseconds of Unix time.
    package let since: Int64
    /// Without what WebSocket frames them in.
    package let bytesToBackend: Int
    /// Without what WebSocket frames them in.
    package let bytesToClient: Int
}
