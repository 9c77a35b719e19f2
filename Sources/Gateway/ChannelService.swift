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
    /// Messages that one client may send in a period of time; nil for no limit.
    package var rate: MessageRateLimit?
    /// What may wait for a client that does not read, in bytes.
    package var buffer: Int
    package var compression: CompressionPolicy

    package init(
        history: Int = 0,
        echo: Bool = false,
        maximumMessage: Int = 1 << 20,
        rate: MessageRateLimit? = nil,
        buffer: Int = 1 << 20,
        compression: CompressionPolicy = .shared
    ) {
        self.history = history
        self.echo = echo
        self.maximumMessage = maximumMessage
        self.rate = rate
        self.buffer = buffer
        self.compression = compression
    }

    /// A room is its path: routes with different patterns never share one.
    static func roomName(_ target: RequestTarget) -> String {
        "/" + target.segments.map(\.percentEncoded).joined(separator: "/")
    }

    func answer(_ exchange: HTTPExchange) throws(Problem) {
        let acceptance = try WebSocketAcceptance(
            exchange,
            subprotocols: [Version1Session.subprotocol, CloudEvent.subprotocol],
            compression: compression
        )
        let name = Self.roomName(exchange.target)
        guard name.utf8.count <= 512 else { throw .badRequest("the name of the room is too long") }
        let options = exchange.loop.settings.webSocketOptions
        let limits = WebSocketLimits(maxMessage: maximumMessage)
        if acceptance.subprotocol != Version1Session.subprotocol {
            let isCloudEvents = acceptance.subprotocol == CloudEvent.subprotocol
            let member = ChannelMember(
                service: self,
                room: name,
                envelope: isCloudEvents ? .cloudEvents : .bare,
                gateway: exchange.loop,
                info: ConnectionInfo(exchange, transport: isCloudEvents ? .cloudEvents : .webSocket)
            )
            exchange.upgrade(acceptance, limits: limits, options: options, delegate: member)
        } else {
            let session = Version1Session(
                gateway: exchange.loop,
                request: ClientRequest(exchange),
                scope: .topic(name)
            )
            exchange.upgrade(acceptance, limits: limits, options: options, delegate: session)
            session.begin(self, room: name)
        }
    }
}

/// A client in a room, without an envelope or with CloudEvents. Belongs to one event loop.
final class ChannelMember: WebSocketConnection, RoomMember {
    private let service: ChannelService
    private let room: String
    private let envelope: DeliveryFormat.Envelope
    private let gateway: GatewayLoop
    private let info: ConnectionInfo
    private(set) var socket: WebSocketHandler?
    private var membership: RoomMembership?
    private var bucket: MessageRateLimit.Bucket?

    init(
        service: ChannelService,
        room: String,
        envelope: DeliveryFormat.Envelope,
        gateway: GatewayLoop,
        info: ConnectionInfo
    ) {
        self.service = service
        self.room = room
        self.envelope = envelope
        self.gateway = gateway
        self.info = info
    }

    var form: RoomMessage.Form { .init(envelope: envelope, compression: .init(socket?.deflate)) }

    func deliver(_ body: Delivery.Body) {
        guard let socket else { return }
        guard SlowReader.isWithin(service.buffer, socket: socket) else {
            socket.close(code: .tryAgainLater, reason: "too slow: more than \(service.buffer) bytes are waiting")
            return
        }
        write(body)
    }

    func webSocketOpened(_ socket: WebSocketHandler) {
        self.socket = socket
        bucket = service.rate.map { MessageRateLimit.Bucket($0, now: .now()) }
        gateway.opened(self, info)
        membership = gateway.rooms.enter(room, historyLength: service.history, member: self)
    }

    func webSocket(_ socket: WebSocketHandler, message: ByteBuffer, opcode: Opcode) {
        if bucket?.takes(at: .now()) == false {
            socket.close(code: .policyViolation, reason: "more messages than this channel allows")
            return
        }
        // A slice would keep the whole receive buffer alive for as long as the message is in the history.
        let copy = ByteBuffer(bytes: message.readableBytesView)
        if envelope == .cloudEvents {
            guard opcode == .text, CloudEvent.isOne(copy) else {
                socket.close(code: .invalidPayload, reason: "this is no CloudEvent 1.0 in JSON")
                return
            }
            membership?.publish(.event(copy), echo: service.echo)
        } else {
            membership?.publish(opcode == .text ? .text(copy) : .binary(copy), echo: service.echo)
        }
    }

    func webSocketClosed(_ socket: WebSocketHandler, _ closure: WebSocketClosure) {
        membership?.leave()
        membership = nil
        self.socket = nil
        gateway.closed(self, ConnectionEnd(socket, closure))
    }
}

/// The bound on what waits for a client that does not read.
enum SlowReader {
    /// Whether a connection may be given more: it takes bytes, or what waits is at most `bytes`.
    static func isWithin(_ bytes: Int, socket: WebSocketHandler) -> Bool {
        guard !socket.isWritable, let waiting = socket.channel?.waitingBytes else { return true }
        return waiting <= bytes
    }
}
