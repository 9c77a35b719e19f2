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

    init(_ exchange: HTTPExchange) {
        origin = exchange.head.headers.first(name: "Origin")
        host = exchange.head.headers.first(name: "Host")
        headers = exchange.head.headers
        info = ConnectionInfo(exchange, transport: .version1)
        query = exchange.target.query
        network = exchange.client.ip?.client.description
        isSecure = exchange.connection.isSecure
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
