import NIOCore
import NIOHTTP1
import Topics
import WebSocket

/// A `pushbridge.v1` client's place in one room. Belongs to the client's event loop.
final class Version1RoomMember: RoomMember {
    private let service: ChannelService
    private weak var session: Version1Session?
    private var membership: RoomMembership?
    private var bucket: MessageRateLimit.Bucket?

    /// Enters the room; its history is written to the session before this returns.
    init(service: ChannelService, room: String, session: Version1Session, gateway: GatewayLoop) {
        self.service = service
        self.session = session
        bucket = service.rate.map { MessageRateLimit.Bucket($0, now: .now()) }
        membership = gateway.rooms.enter(room, historyLength: service.history, member: self)
    }

    var form: RoomMessage.Form { .init(envelope: .version1, compression: .init(session?.socket?.deflate)) }

    func deliver(_ body: Delivery.Body) {
        guard let session, let socket = session.socket else { return }
        guard SlowReader.isWithin(service.buffer, socket: socket) else {
            socket.close(code: .tryAgainLater, reason: "too slow: more than \(service.buffer) bytes are waiting")
            return
        }
        session.write(body)
    }

    /// Sends to the others: a JSON string as the text that it says, other JSON as its text.
    func publish(_ data: Version1Message.Data) throws(Problem) {
        guard data.json.count <= service.maximumMessage else {
            throw Problem(
                status: .payloadTooLarge,
                detail: "a message of this channel has at most \(service.maximumMessage) bytes"
            )
        }
        if bucket?.takes(at: .now()) == false {
            throw Problem(status: .tooManyRequests, detail: "more messages than this channel allows")
        }
        membership?.publish(
            data.text.map { .text(ByteBuffer(string: $0)) } ?? .json(ByteBuffer(bytes: data.json)),
            echo: service.echo
        )
    }

    /// Harmless a second time.
    func leave() {
        membership?.leave()
        membership = nil
    }
}
