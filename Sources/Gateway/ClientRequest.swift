import Access
import NIOHTTP1

/// What stays of a request after its upgrade: who asks, for the topics that are subscribed later.
struct ClientRequest {
    let headers: HTTPHeaders
    let origin: String?
    let host: String?
    let info: ConnectionInfo
    private let query: [(name: String, value: String)]
    private let network: String?
    private let isSecure: Bool

    /// - Parameters:
    ///   - headers: of the handshake.
    ///   - info: of the connection.
    ///   - query: of the handshake.
    ///   - network: whom access rules count the client with.
    ///   - isSecure: whether the client spoke TLS.
    init(
        headers: HTTPHeaders,
        info: ConnectionInfo,
        query: [(name: String, value: String)],
        network: String?,
        isSecure: Bool
    ) {
        origin = headers.first(name: "Origin")
        host = headers.first(name: "Host")
        self.headers = headers
        self.info = info
        self.query = query
        self.network = network
        self.isSecure = isSecure
    }

    init(_ exchange: HTTPExchange) {
        self.init(
            headers: exchange.head.headers,
            info: ConnectionInfo(exchange, transport: .version1),
            query: exchange.target.query,
            network: exchange.client.ip?.client.description,
            isSecure: exchange.connection.isSecure
        )
    }

    /// What access rules are asked about a topic that is subscribed over the connection.
    func access(to target: RequestTarget, _ topic: String) -> AccessRequest {
        AccessRequest(
            method: "GET",
            target: topic,
            headers: headers.map { (name: $0.name, value: $0.value) },
            query: target.query + query,
            address: info.address,
            network: network,
            isSecure: isSecure
        )
    }
}
