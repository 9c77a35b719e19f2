import NIOCore
import NIOHTTP1
import Topics
import WebSocket

/// A `pushbridge.v1` client's place in one room. Belongs to the client's event loop.
final class Version1RoomMember: RoomMember {
    private let service: ChannelService
    private weak var session: Version1Session?
    private let rates: RoomRates
    private var slowness: SlowReader
    private var membership: RoomMembership?

    /// - Parameters:
    ///   - session: the client's.
    ///   - rates: of all rooms of the client.
    init(service: ChannelService, session: Version1Session, rates: RoomRates) {
        self.service = service
        self.session = session
        self.rates = rates
        slowness = SlowReader(limit: service.buffer)
    }

    /// Takes the place; the room's history is written to the session before this returns. That write may end the
    /// session.
    func enter(_ room: RoomShard) {
        membership = room.enter(self)
    }

    var form: RoomMessage.Form { .init(envelope: .version1, compression: .init(session?.socket?.deflate)) }

    func welcome(_ history: [Delivery.Body]) {
        for body in history { session?.write(body) }
        slowness.historyWasWritten(to: session?.socket)
    }

    func deliver(_ body: Delivery.Body) {
        guard let session, let socket = session.socket, slowness.admits(socket) else { return }
        session.write(body)
    }

    /// Sends to the others: a JSON string as the text that it says, other JSON as its text.
    ///
    /// - Throws: 413 and 429.
    func publish(_ data: Version1Message.Data) throws(Problem) {
        guard data.text?.utf8.count ?? data.json.count <= service.maximumMessage else {
            throw Problem(
                status: .payloadTooLarge,
                detail: "a message of this channel has at most \(service.maximumMessage) bytes"
            )
        }
        guard let membership else { return }
        if let rate = service.rate, !rates.takes(rate, room: membership.room, at: .now()) {
            throw Problem(status: .tooManyRequests, detail: "more messages than this channel allows")
        }
        membership.publish(
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
