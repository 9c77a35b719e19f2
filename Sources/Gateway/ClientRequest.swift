import Access
import NIOHTTP1

/// What stays of a request after its upgrade: who asks, for the topics that are subscribed later.
struct ClientRequest {
    let headers: HTTPHeaders
    let origin: String?
    let host: String?
    let info: ConnectionInfo
    private let handshake: AccessRequest

    init(_ exchange: HTTPExchange) {
        origin = exchange.head.headers.first(name: "Origin")
        host = exchange.head.headers.first(name: "Host")
        headers = exchange.head.headers
        info = ConnectionInfo(exchange, transport: .version1)
        handshake = AccessRequest(exchange)
    }

    /// What access rules are asked about a topic that is subscribed over the connection.
    func access(to target: RequestTarget, _ topic: String) -> AccessRequest {
        AccessRequest(
            method: handshake.method,
            target: topic,
            headers: handshake.headers,
            query: target.query + handshake.query,
            address: handshake.address,
            isSecure: handshake.isSecure
        )
    }
}
