import NIOCore
import NIOHTTP1

/// What is counted of one request for the access log. Belongs to its connection's event loop.
struct RequestTally {
    /// nil where it was broken.
    let head: HTTPRequestHead?
    let begin = NIODeadline.now()
    /// Once its route is known.
    var exchange: HTTPExchange?
    /// Of the answer, once that has begun.
    var status: Int?
    /// Bytes of the request's body.
    var received = 0
    /// Bytes of the answer's body.
    var sent = 0

    init(_ head: HTTPRequestHead?) {
        self.head = head
    }

    /// - Parameter peer: the other end of the connection.
    func record(from peer: ClientAddress) -> AccessRecord {
        AccessRecord(
            exchange.map { ConnectionInfo($0, transport: .http) }
                ?? ConnectionInfo(
                    route: "-",
                    transport: .http,
                    over: head?.version.major == 2 ? .http2 : .http1,
                    address: peer.text,
                    target: target,
                    beganAt: begin
                ),
            method: head?.method.rawValue,
            ConnectionEnd(status: status, received: received, sent: sent)
        )
    }

    /// Of a request without a route: a target that cannot be taken apart is shown without its query.
    private var target: String? {
        head.map { head in
            RequestTarget(head.uri)?.masked(knownParameters: []) ?? String(head.uri.prefix { $0 != "?" })
        }
    }
}
