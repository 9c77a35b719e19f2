import NIOCore
import WebSocket

/// The bound on what waits for a member of a room that does not read. Belongs to the member's event loop.
struct SlowReader {
    /// In bytes.
    private let limit: Int
    /// What of the history a newcomer had not taken when it came. The room bounds it; a message that follows is no reason
    /// to shut out whoever has had no time to read.
    private var unreadHistory = 0

    /// - Parameter limit: in bytes.
    init(limit: Int) {
        self.limit = limit
    }

    /// All of a room's history has been written.
    mutating func historyWasWritten(to socket: WebSocketHandler?) {
        unreadHistory = socket.map(Self.waitingBytes) ?? 0
    }

    /// Whether a connection may be given more: it takes bytes, or what waits for it is within the limit. Another is
    /// closed with 1013.
    mutating func admits(_ socket: WebSocketHandler) -> Bool {
        guard !socket.isWritable else {
            unreadHistory = 0
            return true
        }
        guard Self.waitingBytes(socket) > limit + unreadHistory else { return true }
        socket.dismiss(code: .tryAgainLater, reason: "too slow: more than \(limit) bytes are waiting")
        return false
    }

    private static func waitingBytes(_ socket: WebSocketHandler) -> Int {
        guard !socket.isWritable else { return 0 }
        return socket.channel?.waitingBytes ?? 0
    }
}
