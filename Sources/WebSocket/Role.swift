/// Which end of the connection we are. A client masks every frame it sends, a server none (RFC 6455 §5.1).
package enum Role: Sendable, Hashable {
    /// The end that accepted the connection.
    case server
    /// The end that opened the connection.
    case client
}
