import NIOHTTP1

/// What stays of a request after its upgrade: who asks, for the topics that are subscribed later.
struct ClientRequest {
    let headers: HTTPHeaders
    let origin: String?
    let host: String?
    let info: ConnectionInfo

    init(_ exchange: HTTPExchange) {
        origin = exchange.head.headers.first(name: "Origin")
        host = exchange.head.headers.first(name: "Host")
        headers = exchange.head.headers
        info = ConnectionInfo(exchange, transport: .version1)
    }
}
