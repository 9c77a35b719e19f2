import NIOCore
import Topics
import WebSocket

/// A client in a room, without an envelope or with CloudEvents. Belongs to one event loop.
final class ChannelMember: WebSocketConnection, RoomMember {
    private let service: ChannelService
    private let room: RoomShard
    private let envelope: DeliveryFormat.Envelope
    private let gateway: GatewayLoop
    private let info: ConnectionInfo
    private(set) var socket: WebSocketHandler?
    private var membership: RoomMembership?
    private var bucket: MessageRateLimit.Bucket?
    private var slowness: SlowReader

    init(
        service: ChannelService,
        room: RoomShard,
        envelope: DeliveryFormat.Envelope,
        gateway: GatewayLoop,
        info: ConnectionInfo
    ) {
        self.service = service
        self.room = room
        self.envelope = envelope
        self.gateway = gateway
        self.info = info
        slowness = SlowReader(limit: service.buffer)
    }

    // MARK: RoomMember

    var form: RoomMessage.Form { .init(envelope: envelope, compression: .init(socket?.deflate)) }

    func welcome(_ history: [Delivery.Body]) {
        for body in history { write(body) }
        slowness.historyWasWritten(to: socket)
    }

    func deliver(_ body: Delivery.Body) {
        guard let socket, slowness.admits(socket) else { return }
        write(body)
    }

    // MARK: WebSocketDelegate

    func webSocketOpened(_ socket: WebSocketHandler) {
        self.socket = socket
        bucket = service.rate.map { MessageRateLimit.Bucket($0, now: .now()) }
        gateway.opened(self, info)
        let membership = room.enter(self)
        // The history's first write may have found the connection broken, and this is over by now.
        if self.socket == nil { membership.leave() } else { self.membership = membership }
    }

    func webSocket(_ socket: WebSocketHandler, message: ByteBuffer, opcode: Opcode) {
        if bucket?.takes(at: .now()) == false {
            socket.dismiss(code: .policyViolation, reason: "more messages than this channel allows")
            return
        }
        // A slice would keep the whole receive buffer alive for as long as the message is in the history.
        let copy = ByteBuffer(bytes: message.readableBytesView)
        if envelope == .cloudEvents {
            guard opcode == .text, CloudEvent.isOne(copy) else {
                socket.dismiss(code: .invalidPayload, reason: "this is no CloudEvent 1.0 in JSON")
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
