import NIOCore
import NIOEmbedded
import Testing

@testable import WebSocket

/// Writes down what the handler says; `on` may act on it.
final class Listener: WebSocketDelegate {
    var heard: [String] = []
    var closures: [WebSocketClosure] = []
    var on: (WebSocketHandler, String) -> Void = { _, _ in }

    private func note(_ socket: WebSocketHandler, _ text: String) {
        self.heard.append(text)
        self.on(socket, text)
    }

    func webSocketOpened(_ socket: WebSocketHandler) { self.note(socket, "opened") }
    func webSocket(_ socket: WebSocketHandler, message: ByteBuffer, opcode: Opcode) {
        self.note(socket, "message \(String(buffer: message))")
    }
    func webSocket(_ socket: WebSocketHandler, chunk: ByteBuffer, opcode: Opcode, isFirst: Bool, isFinal: Bool) {
        self.note(socket, "chunk \(String(buffer: chunk))\(isFinal ? "." : "")")
    }
    func webSocketWritabilityChanged(_ socket: WebSocketHandler, isWritable: Bool) {
        self.note(socket, "writable \(isWritable)")
    }
    func webSocket(_ socket: WebSocketHandler, closeReceived code: CloseCode?, reason: String) {
        self.note(socket, "close \(code?.rawValue ?? 0) \(reason)")
    }
    func webSocketClosed(_ socket: WebSocketHandler, _ closure: WebSocketClosure) {
        self.closures.append(closure)
        self.note(socket, "closed \(closure.code.rawValue) \(closure.cause)")
    }
}

/// Stands where the socket is: notes flushes, reads and closes, keeps `close(mode: .output)` from closing the embedded
/// channel whole, and can hold writes back as a slow peer does.
final class FakeSocket: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    var log: [String] = []
    var flushes = 0
    var reads = 0
    var holdsWrites = false
    private var heldWrites: [(NIOAny, EventLoopPromise<Void>?)] = []

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if self.holdsWrites { self.heldWrites.append((data, promise)) } else { context.write(data, promise: promise) }
    }
    func flush(context: ChannelHandlerContext) {
        self.flushes += 1
        context.flush()
    }
    func read(context: ChannelHandlerContext) {
        self.reads += 1
        context.read()
    }
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        self.log.append("\(mode)")
        if mode == .output { promise?.succeed(()) } else { context.close(mode: mode, promise: promise) }
    }
    func releaseWrites(_ context: ChannelHandlerContext) {
        self.holdsWrites = false
        let writes = self.heldWrites
        self.heldWrites = []
        for (data, promise) in writes { context.write(data, promise: promise) }
        context.flush()
    }
}

/// A connection on an embedded channel, with what the tests ask of it.
final class Connection {
    let channel = EmbeddedChannel()
    let socket = FakeSocket()
    let listener = Listener()
    let handler: WebSocketHandler

    init(role: Role = .server, _ configure: (inout WebSocketOptions) -> Void = { _ in }) throws {
        var options = WebSocketOptions()
        configure(&options)
        self.handler = WebSocketHandler(role: role, options: options, delegate: self.listener)
        try self.channel.pipeline.syncOperations.addHandlers([self.socket, self.handler])
        try self.channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    func receive(_ bytes: [UInt8]) throws {
        _ = try self.channel.writeInbound(ByteBuffer(bytes: bytes))
    }

    func sent() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let buffer = try self.channel.readOutbound(as: ByteBuffer.self) {
            bytes += Array(buffer.readableBytesView)
        }
        return bytes
    }

    func endInput() { self.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }

    func advance(_ amount: TimeAmount) { self.channel.embeddedEventLoop.advanceTime(by: amount) }

    func releaseWrites() throws {
        try self.socket.releaseWrites(self.channel.pipeline.syncOperations.context(handler: self.socket))
        self.channel.embeddedEventLoop.run()
    }
}

@Suite("The handler sends and receives")
struct HandlerTrafficTests {
    @Test("messages come in, answers go out, flushed once for a turn of reading")
    func echo() throws {
        let connection = try Connection()
        connection.listener.on = { socket, text in
            if text.hasPrefix("message") { socket.sendText(ByteBuffer(string: "echo")) }
        }
        try connection.receive(text("warm-up"))
        connection.socket.flushes = 0
        try connection.receive(text("a") + text("b") + text("c"))
        #expect(connection.socket.flushes == 1)
        #expect(connection.listener.heard == ["opened", "message warm-up", "message a", "message b", "message c"])
        let echo: [UInt8] = [0x81, 4] + Array("echo".utf8)
        #expect(try connection.sent() == echo + echo + echo + echo)
        connection.handler.sendText(ByteBuffer(string: "echo"))
        #expect(try connection.sent() == echo)
        connection.handler.sendEncoded(FrameEncoder.frame(opcode: .text, payload: ByteBuffer(string: "echo")))
        #expect(try connection.sent() == echo)
    }

    @Test("a ping is answered; while the peer does not read, only the newest one")
    func pings() throws {
        let connection = try Connection()
        try connection.receive(frame(9, [1]))
        #expect(try connection.sent() == [0x8A, 1, 1])
        connection.channel.isWritable = false
        connection.channel.pipeline.fireChannelWritabilityChanged()
        try connection.receive(frame(9, [2]) + frame(9, [3]))
        #expect(try connection.sent() == [])
        connection.channel.isWritable = true
        connection.channel.pipeline.fireChannelWritabilityChanged()
        #expect(try connection.sent() == [0x8A, 1, 3])
        #expect(connection.listener.heard == ["opened", "writable false", "writable true"])
    }

    @Test("paused, nothing is delivered or read; resumed, all of it is, in order")
    func backPressure() throws {
        let connection = try Connection { $0.delivery = .streamed }
        connection.listener.on = { socket, text in if text == "chunk a." { socket.pauseReading() } }
        try connection.receive(text("a") + text("b"))
        try connection.receive(text("c"))
        #expect(connection.listener.heard == ["opened", "chunk a."])
        let reads = connection.socket.reads
        connection.channel.pipeline.read()
        #expect(connection.socket.reads == reads)
        connection.handler.resumeReading()
        #expect(connection.listener.heard == ["opened", "chunk a.", "chunk b.", "chunk c."])
        #expect(connection.socket.reads == reads + 1)
    }

    @Test("what was read while paused is delivered before the end of input counts")
    func pausedEnd() throws {
        let connection = try Connection()
        connection.handler.pauseReading()
        try connection.receive(text("a") + frame(8, closePayload(1000)))
        connection.endInput()
        #expect(connection.listener.heard == ["opened"])
        connection.handler.resumeReading()
        #expect(connection.listener.heard == ["opened", "message a", "close 1000 ", "closed 1000 closedByPeer"])
        #expect(try connection.sent() == [0x88, 2, 3, 0xE8])
        #expect(connection.socket.log == ["all"])
    }

    @Test("what was read while paused is delivered when the connection is lost")
    func pausedLoss() throws {
        let connection = try Connection()
        connection.handler.pauseReading()
        try connection.receive(text("a"))
        _ = try connection.channel.finish(acceptAlreadyClosed: true)
        #expect(connection.listener.heard == ["opened", "message a", "closed 1006 connectionLost"])
    }

    @Test("while we hold a peer back its silence means nothing; where it holds itself back, it ends the connection")
    func silenceWhilePaused() throws {
        let ours = try Connection()
        ours.handler.pauseReading()
        ours.advance(.seconds(600))
        #expect(ours.listener.closures.isEmpty)
        let theirs = try Connection()
        theirs.handler.pauseReading(isPeersDoing: true)
        theirs.advance(.seconds(59))
        #expect(theirs.listener.closures.isEmpty)
        theirs.advance(.seconds(1))
        #expect(theirs.listener.heard == ["opened", "closed 1006 silence"])
        // Of two pauses the later counts: ours is over, and what stays is the peer's.
        ours.handler.pauseReading(isPeersDoing: true)
        ours.advance(.seconds(60))
        #expect(ours.listener.heard == ["opened", "closed 1006 silence"])
    }

    @Test("a peer whose kernel takes bytes of a large message is slow, and not silent")
    func slowProgress() throws {
        let connection = try Connection()
        let backlog = Backlog()
        let channel = connection.channel
        try channel.pipeline.syncOperations.addHandler(
            backlog,
            name: type(of: channel).backlogName,
            position: .first
        )
        channel.isWritable = false
        channel.pipeline.fireChannelWritabilityChanged()
        connection.handler.pauseReading(isPeersDoing: true)
        backlog.waitingBytes = 1000
        connection.advance(.seconds(30))
        backlog.waitingBytes = 999
        connection.advance(.seconds(31))
        #expect(connection.listener.closures.isEmpty)
        // Nothing is taken from then on.
        connection.advance(.seconds(58))
        #expect(connection.listener.closures.isEmpty)
        connection.advance(.seconds(2))
        #expect(connection.listener.heard.last == "closed 1006 silence")
    }

    @Test("a pause and a resume inside one callback change nothing")
    func pauseInside() throws {
        let connection = try Connection()
        connection.listener.on = { socket, text in
            guard text == "message a" else { return }
            socket.pauseReading()
            socket.resumeReading()
        }
        try connection.receive(text("a") + text("b"))
        #expect(connection.listener.heard == ["opened", "message a", "message b"])
    }

    @Test("a client masks what it sends")
    func client() throws {
        let connection = try Connection(role: .client)
        connection.handler.sendText(ByteBuffer(string: "hi"))
        let sent = try connection.sent()
        #expect(sent.count == 8 && sent[1] == 0x82)
        #expect(hear([sent]) == [.message(.text, Array("hi".utf8))])
        try connection.receive([0x81, 1, 0x41])
        #expect(connection.listener.heard.last == "message A")
    }
}

@Suite("The handler ends connections")
struct HandlerClosingTests {
    @Test("the peer's close is answered with its code, then output is shut down, then the channel closed")
    func peerFirst() throws {
        let connection = try Connection()
        try connection.receive(frame(8, closePayload(4000, Array("bye".utf8))) + text("late"))
        #expect(try connection.sent() == [0x88, 2, 0x0F, 0xA0])
        #expect(connection.listener.heard == ["opened", "close 4000 bye", "closed 4000 closedByPeer"])
        #expect(connection.listener.closures.first?.isClean == true)
        #expect(connection.socket.log == ["output"])
        connection.endInput()
        #expect(connection.socket.log == ["output", "all"])
        #expect(connection.listener.closures.count == 1)
    }

    @Test("a peer that does not end its side is cut off after the linger time")
    func linger() throws {
        let connection = try Connection()
        try connection.receive(frame(8))
        #expect(try connection.sent() == [0x88, 0])
        connection.advance(.milliseconds(999))
        #expect(connection.socket.log == ["output"])
        connection.advance(.milliseconds(1))
        #expect(connection.socket.log == ["output", "all"])
        #expect(connection.listener.closures.map(\.code) == [.noStatus])
    }

    @Test("our close waits for the peer's, and delivers what comes before it")
    func oursFirst() throws {
        let connection = try Connection()
        connection.handler.close(code: .goingAway, reason: "stop")
        #expect(try connection.sent() == [0x88, 6, 3, 0xE9] + Array("stop".utf8))
        #expect(!connection.handler.canSend)
        connection.handler.sendText(ByteBuffer(string: "too late"))
        connection.handler.close(code: .normal)
        #expect(try connection.sent() == [])
        try connection.receive(text("a"))
        try connection.receive(frame(8, closePayload(1001)))
        #expect(connection.listener.heard == ["opened", "message a", "closed 1001 closedByUs"])
        #expect(connection.socket.log == ["output"])
    }

    @Test("a peer that is dismissed is heard no more, until its close")
    func dismissed() throws {
        let connection = try Connection { $0.delivery = .streamed }
        connection.listener.on = { socket, text in
            if text == "chunk b." { socket.dismiss(code: .policyViolation, reason: "no") }
        }
        try connection.receive(text("a") + text("b") + text("c"))
        try connection.receive(frame(9, [1]) + text("d") + frame(8, closePayload(1008)))
        #expect(try connection.sent() == [0x88, 4, 3, 0xF0] + Array("no".utf8))
        #expect(connection.listener.heard == ["opened", "chunk a.", "chunk b.", "closed 1008 closedByUs"])
        #expect(connection.socket.log == ["output"])
    }

    @Test("a peer that is dismissed while reading is paused has its close read")
    func dismissedWhilePaused() throws {
        let connection = try Connection()
        connection.handler.pauseReading()
        try connection.receive(text("a"))
        connection.channel.pipeline.read()
        let reads = connection.socket.reads
        connection.handler.dismiss(code: .badGateway)
        #expect(connection.socket.reads == reads + 1)
        // Whoever has not heard of it cannot stop it.
        connection.handler.pauseReading()
        try connection.receive(text("b") + frame(8, closePayload(1014)))
        #expect(connection.listener.heard == ["opened", "closed 1014 closedByUs"])
    }

    @Test("a peer that does not answer our close is cut off after the close timeout")
    func closeTimeout() throws {
        let connection = try Connection()
        connection.handler.close(code: .normal)
        connection.advance(.milliseconds(4999))
        #expect(connection.listener.closures.isEmpty)
        connection.advance(.milliseconds(1))
        #expect(connection.listener.heard.last == "closed 1006 closeTimeout")
        #expect(connection.socket.log == ["all"])
    }

    @Test("nothing is closed before everything that was sent is written")
    func slowReader() throws {
        let connection = try Connection()
        connection.socket.holdsWrites = true
        connection.handler.sendBinary(ByteBuffer(repeating: 1, count: 10_000))
        connection.handler.close(code: .normal)
        try connection.receive(frame(8, closePayload(1000)))
        connection.advance(.seconds(30))
        #expect(connection.socket.log == [])
        try connection.releaseWrites()
        #expect(connection.socket.log == ["output"])
        let sent = try connection.sent()
        #expect(sent.count == 4 + 10_000 + 4)
        #expect(sent.suffix(4) == [0x88, 2, 3, 0xE8])
    }

    @Test("a peer that reads nothing at all is cut off after the flush timeout")
    func flushTimeout() throws {
        let connection = try Connection()
        connection.socket.holdsWrites = true
        connection.handler.close(code: .normal)
        connection.advance(.seconds(60))
        #expect(connection.socket.log == ["all"])
        #expect(connection.listener.heard.last == "closed 1006 closeTimeout")
    }

    @Test("a violation is told to the peer, and input is read on and thrown away")
    func violation() throws {
        let connection = try Connection()
        try connection.receive(text("a") + [0xFF])
        let sent = try connection.sent()
        #expect(sent.first == 0x88)
        #expect(sent[2...3] == [3, 0xEA])
        #expect(connection.listener.heard == ["opened", "message a", "closed 1002 violation"])
        #expect(connection.socket.log == ["output"])
        let reads = connection.socket.reads
        connection.channel.pipeline.read()
        #expect(connection.socket.reads > reads)
        try connection.receive(text("ignored"))
        connection.advance(.seconds(1))
        #expect(connection.socket.log == ["output", "all"])
        #expect(connection.listener.heard.count == 3)
    }

    @Test("a violation after our close frame ends the connection without a second one")
    func violationWhileClosing() throws {
        let connection = try Connection()
        connection.handler.close(code: .normal)
        _ = try connection.sent()
        try connection.receive([0xFF])
        #expect(try connection.sent() == [])
        #expect(connection.listener.heard.last == "closed 1002 violation")
        #expect(connection.socket.log == ["output"])
    }

    @Test("an answer that is left to the delegate waits for it, and messages may go before it")
    func deferredReply() throws {
        let connection = try Connection { $0.closeReplyLimit = .seconds(10) }
        try connection.receive(frame(8, closePayload(1000)))
        #expect(try connection.sent() == [])
        connection.handler.sendText(ByteBuffer(string: "x"))
        connection.handler.close(code: .badGateway)
        #expect(try connection.sent() == [0x81, 1, 0x78, 0x88, 2, 3, 0xF6])
        #expect(connection.listener.heard == ["opened", "close 1000 ", "closed 1000 closedByPeer"])
    }

    @Test("an answer that the delegate forgets is given for it")
    func forgottenReply() throws {
        let connection = try Connection { $0.closeReplyLimit = .seconds(10) }
        try connection.receive(frame(8, closePayload(3000)))
        connection.advance(.seconds(10))
        #expect(try connection.sent() == [0x88, 2, 0x0B, 0xB8])
        #expect(connection.listener.heard.last == "closed 3000 closedByPeer")
    }

    @Test("the end of input without a close frame is 1006")
    func endOfInput() throws {
        let connection = try Connection()
        connection.endInput()
        #expect(connection.listener.heard == ["opened", "closed 1006 connectionLost"])
        #expect(connection.socket.log == ["all"])
    }

    @Test("a lost connection is 1006, once")
    func lost() throws {
        let connection = try Connection()
        connection.channel.pipeline.fireChannelInactive()
        _ = try? connection.channel.finish()
        #expect(connection.listener.closures.map(\.code) == [.abnormalClosure])
    }

    @Test("a client leaves ending the TCP connection to the server, for a while")
    func client() throws {
        let connection = try Connection(role: .client)
        connection.handler.close(code: .normal)
        try connection.receive([0x88, 2, 3, 0xE8])
        #expect(connection.listener.heard.last == "closed 1000 closedByUs")
        #expect(connection.socket.log == [])
        connection.advance(.seconds(1))
        #expect(connection.socket.log == ["all"])
    }

    @Test("a silent peer is pinged, and given up")
    func keepAlive() throws {
        let connection = try Connection()
        connection.advance(.seconds(30))
        #expect(try connection.sent() == [0x89, 0])
        try connection.receive(frame(10))
        connection.advance(.seconds(30))
        #expect(try connection.sent() == [0x89, 0])
        connection.advance(.seconds(29))
        #expect(connection.listener.closures.isEmpty)
        connection.advance(.seconds(1))
        #expect(connection.listener.heard == ["opened", "closed 1006 silence"])
        #expect(connection.socket.log == ["all"])
    }

    @Test("the handler and its delegate are let go at the end")
    func noLeak() throws {
        weak var handler: WebSocketHandler?
        weak var listener: Listener?
        do {
            let connection = try Connection()
            handler = connection.handler
            listener = connection.listener
            try connection.receive(frame(8))
            connection.endInput()
            _ = try? connection.channel.finish()
            connection.channel.embeddedEventLoop.run()
        }
        #expect(handler == nil)
        #expect(listener == nil)
    }

    @Test("a code that may not be sent goes out as 1011")
    func reservedCode() throws {
        let connection = try Connection()
        connection.handler.close(code: .abnormalClosure)
        #expect(try connection.sent() == [0x88, 2, 3, 0xF3])
    }
}

/// Stands for a channel whose peer takes as much as the test says.
private final class Backlog: ChannelInboundHandler, OutboundBacklog {
    typealias InboundIn = ByteBuffer

    var waitingBytes = 0
}
