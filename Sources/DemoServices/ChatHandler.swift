import NIOCore

/// The chat's connections. All of them live on one event loop: everybody hears everything in the same order, and no
/// lock is needed.
final class ChatHall {
    private var room = ChatRoom()
    private var members: [ChatRoom.MemberID: any Channel] = [:]
    private var lastID = 0

    func join(_ channel: any Channel) -> ChatRoom.MemberID {
        lastID += 1
        members[lastID] = channel
        perform(room.join(lastID))
        return lastID
    }

    func say(_ line: LineSplitter.Line, by id: ChatRoom.MemberID) {
        switch line {
        case .text(let text): perform(room.say(text, by: id))
        case .tooLong: perform(room.sayTooMuch(by: id, limit: ChatHandler.lineLimit))
        }
    }

    func leave(_ id: ChatRoom.MemberID) {
        guard members.removeValue(forKey: id) != nil else { return }
        perform(room.leave(id))
    }

    private func perform(_ actions: [ChatRoom.Action]) {
        for action in actions {
            switch action {
            case .send(let id, let text):
                guard let channel = members[id] else { continue }
                // Whoever does not read is let go: what waits for them would grow without end.
                guard channel.isWritable else {
                    channel.close(promise: nil)
                    continue
                }
                channel.writeAndFlush(ByteBuffer(string: text + "\n"), promise: nil)
            case .disconnect(let id):
                guard let channel = members[id] else { continue }
                channel.writeAndFlush(ByteBuffer()).whenComplete { _ in channel.close(promise: nil) }
            }
        }
    }
}

/// One person's connection to the chat.
final class ChatHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The most bytes in a line.
    static let lineLimit = 1_024

    private let hall: ChatHall
    private var lines = LineSplitter(limit: lineLimit)
    private var id: ChatRoom.MemberID?

    init(hall: ChatHall) {
        self.hall = hall
    }

    func channelActive(context: ChannelHandlerContext) {
        id = hall.join(context.channel)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let id else { return }
        for line in lines.append(unwrapInboundIn(data).readableBytesView) { hall.say(line, by: id) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ChannelEvent, event == .inputClosed else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        if let id, let line = lines.finish() { hall.say(line, by: id) }
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in channel.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let id { hall.leave(id) }
        id = nil
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

extension TCPService {
    /// A TCP service where everybody reads what anybody writes, line by line.
    static func startChat(host: String, port: Int, group: any EventLoopGroup) async throws -> TCPService {
        let loop = group.next()
        let hall = try await loop.submit { NIOLoopBound(ChatHall(), eventLoop: loop) }.get()
        return try await start("TCP chat", host: host, port: port, group: loop) { channel in
            // The system's own buffers would hide for megabytes that somebody does not read.
            try channel.syncOptions?.setOption(.socketOption(.so_sndbuf), value: 64 * 1_024)
            let marks = ChannelOptions.Types.WriteBufferWaterMark(low: 64 * 1_024, high: 256 * 1_024)
            try channel.syncOptions?.setOption(.writeBufferWaterMark, value: marks)
            try channel.pipeline.syncOperations.addHandler(ChatHandler(hall: hall.value))
        }
    }
}
