import NIOCore
import NIOHTTP1
import Topics
import WebSocket

/// The channel route: every message goes to everybody else in the room that the path names.
package struct ChannelService: Sendable {
    /// Messages that a newcomer is sent.
    package var history: Int
    /// Whether a sender gets its own messages.
    package var echo: Bool
    /// The largest message, in bytes.
    package var maximumMessage: Int
    /// Messages that one client may send to one room in a period of time; nil for no limit.
    package var rate: MessageRateLimit?
    /// What may wait for a client that does not read, and what a room's history may hold, in bytes.
    package var buffer: Int
    /// How many rooms the route may have at once.
    package var maximumRooms: Int
    /// How messages go to clients that offer compression.
    package var compression: CompressionPolicy

    /// The longest name of a room, in bytes.
    private static let maximumName = 512

    /// - Parameters:
    ///   - history: messages that a newcomer is sent.
    ///   - echo: whether a sender gets its own messages.
    ///   - maximumMessage: in bytes.
    ///   - rate: nil for no limit.
    ///   - buffer: of a client that does not read, and of a room's history, in bytes.
    ///   - maximumRooms: past it there are no new ones.
    ///   - compression: how messages go to clients that offer it.
    package init(
        history: Int = 0,
        echo: Bool = false,
        maximumMessage: Int = 1 << 20,
        rate: MessageRateLimit? = nil,
        buffer: Int = 1 << 20,
        maximumRooms: Int = 10_000,
        compression: CompressionPolicy = .shared
    ) {
        self.history = history
        self.echo = echo
        self.maximumMessage = maximumMessage
        self.rate = rate
        self.buffer = buffer
        self.maximumRooms = maximumRooms
        self.compression = compression
    }

    /// A room is its path: routes with different patterns never share one.
    ///
    /// - Throws: 400 for a name that is too long.
    static func roomName(_ target: RequestTarget) throws(Problem) -> String {
        let name = "/" + target.segments.map(\.percentEncoded).joined(separator: "/")
        guard name.utf8.count <= maximumName else { throw .badRequest("the name of the room is too long") }
        return name
    }

    /// The largest message of `pushbridge.v1`, in bytes: one of `maximumMessage` in its envelope, and with escapes, which
    /// make a character outside ASCII up to three times as long.
    private var maximumVersion1Message: Int { 3 * maximumMessage + 4096 }

    func answer(_ exchange: HTTPExchange) throws(Problem) {
        let acceptance = try WebSocketAcceptance(
            exchange,
            subprotocols: [Version1Session.subprotocol, CloudEvent.subprotocol],
            compression: compression
        )
        let name = try Self.roomName(exchange.target)
        let room = try exchange.loop.rooms.shard(of: name, on: exchange.route, self)
        let options = exchange.loop.settings.webSocketOptions
        if acceptance.subprotocol != Version1Session.subprotocol {
            let isCloudEvents = acceptance.subprotocol == CloudEvent.subprotocol
            let member = ChannelMember(
                service: self,
                room: room,
                envelope: isCloudEvents ? .cloudEvents : .bare,
                gateway: exchange.loop,
                info: ConnectionInfo(exchange, transport: isCloudEvents ? .cloudEvents : .webSocket)
            )
            exchange.upgrade(
                acceptance,
                limits: WebSocketLimits(maxMessage: maximumMessage),
                options: options,
                delegate: member
            )
        } else {
            let session = Version1Session(
                gateway: exchange.loop,
                request: ClientRequest(exchange),
                scope: .topic(name)
            )
            exchange.upgrade(
                acceptance,
                limits: WebSocketLimits(maxMessage: maximumVersion1Message),
                options: options,
                delegate: session
            )
            session.begin(self, room: room)
        }
    }
}
