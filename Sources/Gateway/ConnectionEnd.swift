import WebSocket

/// How a request ended, or a connection that outlived its request.
struct ConnectionEnd: Sendable {
    /// The status of the answer; nil where none was given.
    var status: Int?
    /// Of a WebSocket: the code of the close frame that ended it; 1006 where there was none.
    var closeCode: Int?
    /// Why a WebSocket ended.
    var cause: WebSocketClosure.Cause?
    /// Bytes from the client behind the request's head: its body, or frames.
    var received = 0
    /// Bytes to the client behind the answer's head: its body, events, or frames.
    var sent = 0
    /// Where the backend of a tunnel is: which of several a connection had. nil where none was connected.
    var backend: String?

    /// Of a request.
    init(status: Int?, received: Int, sent: Int) {
        self.status = status
        self.received = received
        self.sent = sent
    }

    init(_ socket: WebSocketHandler, _ closure: WebSocketClosure, backend: String? = nil) {
        self.backend = backend
        status = 101
        closeCode = Int(closure.code.rawValue)
        cause = closure.cause
        received = socket.bytesReceived
        sent = socket.bytesSent
    }

    init(eventStreamOf bytes: Int) {
        status = 200
        sent = bytes
    }
}
