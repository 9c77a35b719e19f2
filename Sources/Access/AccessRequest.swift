/// What access rules look at: one request, before it is answered.
package struct AccessRequest: Sendable {
    package let method: String
    /// The request target as the client sent it: path and query.
    package let target: String
    /// In the order received.
    package let headers: [(name: String, value: String)]
    /// Of the target, percent-decoded.
    package let query: [(name: String, value: String)]
    /// The client's IP address; nil on a Unix socket.
    package let address: String?
    /// What counts as one client: its IPv4 address, or the /64 of its IPv6 address; nil on a Unix socket.
    package let network: String?
    /// Whether the client came by TLS.
    package let isSecure: Bool

    package init(
        method: String,
        target: String,
        headers: [(name: String, value: String)],
        query: [(name: String, value: String)],
        address: String?,
        network: String?,
        isSecure: Bool
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.query = query
        self.address = address
        self.network = network
        self.isSecure = isSecure
    }

    /// The values of a header, by a name in lower case.
    func values(of name: String) -> [String] {
        headers.filter { $0.name.lowercased() == name }.map(\.value)
    }
}
