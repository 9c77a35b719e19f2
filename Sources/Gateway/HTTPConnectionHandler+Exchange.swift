import NIOCore
import NIOHTTP1
import WebSocket

/// From a request's head to the route that answers it.
extension HTTPConnectionHandler {
    /// What a request asks of which route.
    ///
    /// - Throws: what is wrong with its head.
    func exchange(for head: HTTPRequestHead) throws(Problem) -> HTTPExchange {
        if case .refused(let reason) = admission {
            keepsAlive = false
            gateway.metrics.rejected("limit")
            throw .unavailable(reason)
        }
        let hosts = head.headers["host"]
        guard hosts.count == 1 || hosts.isEmpty && head.version == .http1_0, hosts.allSatisfy(\.isHostField) else {
            keepsAlive = false
            throw .badRequest("an HTTP/1.1 request has exactly one Host header, with a host (RFC 9112 section 3.2)")
        }
        if let name = stream?.connectProtocol, !WebSocketHandshake.isNamed(by: name) {
            gateway.metrics.rejected("handshake")
            throw Problem(status: .notImplemented, detail: "websocket is the only protocol that is spoken in a CONNECT")
        }
        guard let target = RequestTarget(head.uri) else {
            throw .badRequest("the request target is no path, or its percent-encoding is broken")
        }
        guard let (route, parameters) = gateway.router.route(for: target.segments) else { throw .notFound }
        return HTTPExchange(
            head: head,
            client: gateway.settings.trustedProxies.client(of: head.headers, from: peer),
            target: target,
            parameters: parameters,
            route: route,
            loop: gateway,
            connection: self,
            beganAt: tally?.begin ?? .now()
        )
    }

    /// Takes the request's places within the limits.
    func enter(_ exchange: HTTPExchange) throws(Problem) {
        do throws(Problem) {
            // Whoever comes through a proxy was not counted by address when the connection was accepted.
            if exchange.client != peer, !gateway.settings.trustedProxies.contains(exchange.client.ip) {
                try places.enter(gateway.ledger, exchange.client.ip, isConnection: false)
            }
            if let ledger = exchange.route.ledger { try places.enter(ledger, exchange.client.ip) }
        } catch {
            gateway.metrics.rejected("limit")
            throw error
        }
    }
}
