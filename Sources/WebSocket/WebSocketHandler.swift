import NIOCore

/// A WebSocket connection on a NIO channel, after the opening handshake: the last handler of the pipeline.
///
///     socket ─▶ (TLS) ─▶ WebSocketHandler ─▶ delegate: messages, the end
///     socket ◀─ (TLS) ◀─ WebSocketHandler ◀─ sendText, sendBinary, sendEncoded, close
///
/// It carries out what `WebSocketSession` and `KeepAlive` decide. Everything happens on the channel's event loop. What
/// is written to the channel directly passes through as frames that are already encoded, and is refused after our
/// close frame.
///
/// Output is flushed once for each turn of reading, and at once outside of one. The end of a connection:
///
///     close frame written ─▶ both close frames seen, or a violation ─▶ output shut down ─▶ input read until its end,
///     or for the linger time ─▶ closed
///
/// A client leaves shutting down to the server (RFC 6455 §7.1.1). Set `allowRemoteHalfClosure` on the channel, or a
/// peer that ends its side right after its close frame does not get what is still to be written.
package final class WebSocketHandler: ChannelDuplexHandler, TimerWheelClient {
    package typealias InboundIn = ByteBuffer
    package typealias InboundOut = Never
    package typealias OutboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    enum Transport {
        /// Input is for the session.
        case open
        /// The session has ended; input is thrown away until the peer ends it or the time is over.
        case lingering
        /// The channel is inactive, or is being closed.
        case ended
    }

    enum TimerPurpose {
        case keepAlive, closeReply, flush, closeAnswer, linger
    }

    /// The socket, while shared frames may be written to it past the channel; else -1. First, with what a broadcast counts,
    /// so that it touches one line of memory of each connection.
    package internal(set) var directDescriptor: NIOBSDSocket.Handle = -1
    /// Bytes of frames that were written; whoever writes to `directDescriptor` adds to it.
    package var bytesSent = 0

    var session: WebSocketSession
    let closingTimes: WebSocketOptions.ClosingTimes
    var keepAlive: KeepAlive
    var delegate: (any WebSocketDelegate)?
    /// What is left of the peer's messages; nil: no bound.
    private var bucket: MessageRateLimit.Bucket?
    /// Bytes of frames that came from the peer.
    package private(set) var bytesReceived = 0
    private var window = ReceiveWindow()
    var context: ChannelHandlerContext?

    var transport: Transport = .open
    var hasOpened = false
    /// Nil: a wheel of its own, from when the handler is in its pipeline.
    var timers: TimerWheel?
    /// Kept by the timer wheel.
    package var timerPlace: TimerWheel.Place?
    var timerPurpose: TimerPurpose = .keepAlive
    /// What the channel held for the peer when that was looked at last; 0 while it is writable.
    var lastWaitingBytes = 0

    /// Whether our close frame has left for the kernel: the channel may not be closed before.
    var closeFrameIsWritten = false
    var peerCode: CloseCode?
    var peerReason = ""
    /// Whether the peer ended its side of the TCP connection. Counts once `held` is empty.
    var inputHasEnded = false

    var isPaused = false
    /// Nothing of the peer's is handed on any more but its close frame.
    var discardsInput = false
    var readIsWithheld = false
    /// What was read while paused. NIO reads on after the peer's FIN whether it was asked to or not.
    var held: [ByteBuffer] = []
    var isProcessing = false

    /// The socket, where shared frames go there directly whenever nothing waits in the channel.
    var descriptor: NIOBSDSocket.Handle?
    /// The descriptor is wanted, and not known before the handshake's answer has left the channel.
    var looksForDescriptor = false
    /// What was given to the channel and has not come to the kernel yet; counted only with a descriptor.
    var unfinishedWrites = 0

    var isInTurn = false
    var flushIsDue = false
    /// The bytes that came along with the handshake may be fired in without a `channelReadComplete`.
    var sawReadComplete = false
    /// Only the newest ping is answered once the peer reads again (RFC 6455 §5.5.3): a peer that pings without reading
    /// costs no memory.
    var pendingPing: ByteBuffer?

    /// - Parameters:
    ///   - role: who we are.
    ///   - limits: what the peer may make us spend.
    ///   - deflate: what the opening handshake negotiated.
    ///   - options: delivery, keep-alive, times.
    ///   - timers: of the channel's event loop, where many connections share one.
    ///   - delegate: held until its `webSocketClosed` has returned.
    package init(
        role: Role,
        limits: WebSocketLimits = WebSocketLimits(),
        deflate: PerMessageDeflate? = nil,
        options: WebSocketOptions = WebSocketOptions(),
        timers: TimerWheel? = nil,
        delegate: any WebSocketDelegate
    ) {
        self.session = WebSocketSession(role: role, limits: limits, deflate: deflate, delivery: options.delivery)
        self.closingTimes = options.closingTimes
        self.looksForDescriptor = options.writesDirectly
        self.timers = timers
        self.keepAlive = KeepAlive(
            pingInterval: options.pingInterval,
            timeout: options.silenceTimeout,
            now: .uptimeNanoseconds(0)
        )
        self.delegate = delegate
    }

    // MARK: input

    private func process(_ buffer: inout ByteBuffer) {
        guard !self.isProcessing else { return }
        self.isProcessing = true
        defer { self.isProcessing = false }
        while !self.isPaused, self.transport == .open {
            do {
                guard let event = try self.session.next(from: &buffer) else { return }
                try self.checkRate(of: event)
                self.handle(event)
            } catch {
                self.fail(error)
                return
            }
        }
    }

    /// Goes on where a pause stopped: with what was read since, and with what a compressed message still gives.
    func processHeld() {
        var empty = ByteBuffer()
        self.process(&empty)
        while !self.held.isEmpty, !self.isPaused, self.transport == .open {
            var buffer = self.held.removeFirst()
            self.process(&buffer)
            if buffer.readableBytes > 0, self.isPaused { self.held.insert(buffer, at: 0) }
        }
        if self.held.isEmpty, !self.isPaused, self.inputHasEnded { self.handleEndOfInput() }
    }

    private func checkRate(of event: WebSocketSession.Event) throws(WebSocketError) {
        guard self.bucket != nil, event.beginsMessage, !self.discardsInput, let context else { return }
        if self.bucket?.takes(at: context.eventLoop.now) == false {
            throw WebSocketError(closeCode: .policyViolation, reason: "more messages than are allowed here")
        }
    }

    private func handle(_ event: WebSocketSession.Event) {
        switch event {
        case .chunk(let chunk, let opcode, let isFirst, let isFinal):
            guard !self.discardsInput else { return }
            self.delegate?.webSocket(self, chunk: chunk, opcode: opcode, isFirst: isFirst, isFinal: isFinal)
        case .message(let message, let opcode):
            guard !self.discardsInput else { return }
            self.delegate?.webSocket(self, message: message, opcode: opcode)
        case .ping(let payload):
            self.answerPing(payload)
        case .pong:
            // That it came is all that it says.
            break
        case .close(let code, let reason):
            self.handleClose(code, reason)
        }
    }

    private func answerPing(_ payload: ByteBuffer) {
        guard let context, self.canSend else { return }
        guard context.channel.isWritable else {
            self.pendingPing = payload
            return
        }
        self.write(self.session.pong(answering: payload), context, promise: nil)
        self.flush()
    }

    private func handleClose(_ code: CloseCode?, _ reason: String) {
        self.peerCode = code ?? .noStatus
        self.peerReason = reason
        guard self.session.state == .closeReceived else {
            self.notifyClosed(.closedByUs, code: code ?? .noStatus, reason: reason)
            if self.closeFrameIsWritten { self.shutDown() }
            return
        }
        if let limit = self.closingTimes.reply { self.setTimer(.closeReply, in: limit) }
        self.delegate?.webSocket(self, closeReceived: code, reason: reason)
        if self.closingTimes.reply == nil { self.close(code: code) }
    }

    /// The peer ended its side, and everything before was delivered.
    private func handleEndOfInput() {
        switch self.session.state {
        case .open:
            self.end(.connectionLost)
        case .closeSent:
            // What was sent before our close frame may still reach a peer that only stopped sending.
            if self.closeFrameIsWritten { self.end(.connectionLost) }
        case .closeReceived:
            break
        case .closed, .failed:
            if self.closeFrameIsWritten { self.end(.connectionLost) }
        }
    }

    func endTurn() {
        self.isInTurn = false
        self.delegate?.webSocketTurnEnded(self)
        if self.flushIsDue {
            self.flushIsDue = false
            self.context?.flush()
        }
        self.findDescriptor()
    }

    // MARK: ChannelDuplexHandler

    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if self.timers == nil { self.timers = TimerWheel(loop: context.eventLoop) }
        if context.channel.isActive { self.open() }
    }

    package func channelActive(context: ChannelHandlerContext) {
        self.open()
    }

    private func open() {
        guard !self.hasOpened, let context else { return }
        self.hasOpened = true
        let now = context.eventLoop.now
        self.keepAlive.begin(at: now)
        self.bucket = self.session.limits.rate.map { MessageRateLimit.Bucket($0, now: now) }
        self.setKeepAliveTimer()
        self.findDescriptor()
        self.delegate?.webSocketOpened(self)
    }

    package func handlerRemoved(context: ChannelHandlerContext) {
        self.connectionIsGone()
        self.context = nil
    }

    package func channelInactive(context: ChannelHandlerContext) {
        self.connectionIsGone()
    }

    private func connectionIsGone() {
        guard self.transport != .ended else { return }
        // The descriptor may be another connection's by now, and whoever gets the held messages may answer them.
        self.descriptor = nil
        self.findWay()
        self.isPaused = false
        self.inputHasEnded = false
        self.processHeld()
        self.end(.connectionLost)
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard self.transport == .open else { return }
        var buffer = self.unwrapInboundIn(data)
        self.bytesReceived += buffer.readableBytes
        self.window.received(buffer.readableBytes, from: context.channel)
        self.keepAlive.received(at: context.eventLoop.now)
        guard !self.isPaused, self.held.isEmpty, !self.isProcessing else {
            self.held.append(buffer)
            return
        }
        self.isInTurn = true
        self.process(&buffer)
        if self.isPaused, buffer.readableBytes > 0 { self.held.insert(buffer, at: 0) }
        if !self.held.isEmpty { self.processHeld() }
        if !self.sawReadComplete { self.endTurn() }
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        self.sawReadComplete = true
        self.endTurn()
        if self.transport == .lingering { context.read() }
    }

    package func read(context: ChannelHandlerContext) {
        if self.isPaused {
            self.readIsWithheld = true
        } else {
            context.read()
        }
    }

    package func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard self.canSend else {
            promise?.fail(ChannelError.outputClosed)
            return
        }
        self.write(self.unwrapOutboundIn(data), context, promise: promise)
    }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
        let isWritable = context.channel.isWritable
        // The peer's kernel took bytes: a reader that is slow is not gone.
        if isWritable {
            self.keepAlive.received(at: context.eventLoop.now)
            self.findDescriptor()
        }
        if isWritable, let payload = self.pendingPing {
            self.pendingPing = nil
            self.answerPing(payload)
        }
        self.delegate?.webSocketWritabilityChanged(self, isWritable: isWritable)
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent {
            self.inputHasEnded = true
            if self.transport == .lingering {
                self.end(.connectionLost)
            } else if self.held.isEmpty, !self.isPaused {
                self.handleEndOfInput()
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A read error, or TLS ending without its close alert: nothing more can come.
        self.connectionIsGone()
    }
}
