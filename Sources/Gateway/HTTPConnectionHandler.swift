import Foundation
import NIOCore
import NIOHTTP1
import Topics
import WebSocket

/// The HTTP side of a connection: takes requests one at a time, finds their routes and writes the answers.
///
/// The pipeline while it is here, and what becomes of it:
///
///     socket ⇄ HTTPResponseEncoder ⇄ HTTPRequestDecoder ⇄ HTTPServerPipelineHandler ⇄ HTTPConnectionHandler
///     socket ⇄ WebSocketHandler            after an upgrade
///     socket ⇄ EventStreamHandler          once a `text/event-stream` has begun
///
/// A stream of an HTTP/2 connection is a connection with one request; its pipeline is drawn at ``HTTP2StreamHandler``.
///
/// Belongs to its connection's event loop.
final class HTTPConnectionHandler: ChannelInboundHandler, RemovableChannelHandler, LoopConnection, TimerWheelClient {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// Where the connection stands.
    private enum State {
        /// Waits for a request. Next: receiving, closing.
        case idle
        /// Has a head, waits for the end of the body. Next: responding, closing.
        case receiving(HTTPRequestHead, bodyBytes: Int)
        /// A service makes the answer. Next: writing, or gone from the pipeline.
        case responding(HTTPExchange)
        /// The answer is made, and the socket has not taken all of it. Next: idle, closing.
        case writing
        /// The last answer has been written. Next: none.
        case closing
    }

    /// What an answer is to.
    enum Question {
        case request(HTTPRequestHead)
        /// Something that was no request.
        case none

        /// Whether the answer is to have its body (RFC 9110 section 9.3.2).
        var wantsBody: Bool {
            if case .request(let head) = self { head.method != .HEAD } else { true }
        }
    }

    let gateway: GatewayLoop
    let admission: Admission
    /// TLS stands before this handler.
    let isSecure: Bool
    /// What frames the one request of a stream of HTTP/2; nil on a connection of HTTP/1.1.
    let stream: HTTP2StreamHandler?
    private var state = State.idle
    var context: ChannelHandlerContext?
    private(set) var peer = ClientAddress(nil)
    /// What the request that is answered holds of the limits.
    var places = HeldPlaces()
    /// What the access log will say of the request that is read or answered; nil between requests.
    var tally: RequestTally?
    private var hasHadRequest = false
    /// When the connection is given up; nil while a service makes an answer.
    var timerPlace: TimerWheel.Place?
    /// The time for a request runs since its first byte.
    private var requestIsTimed = true
    /// Parts of a request came with the bytes that were read last.
    private var hasReadParts = false
    /// Whether another request may follow the one that is read or answered.
    var keepsAlive = true
    /// The pipelining handler is being told that the next request may come.
    private var isHandingOn = false

    /// How much of an answer is written at once.
    private static let largestPart = 256 * 1024

    /// Bodies are read and dropped up to this size; no route of ours takes one.
    private static let maximumBody = 64 * 1024

    /// - Parameter admission: whether the connection is within the limits; if not, its first request gets 503.
    init(gateway: GatewayLoop, admission: Admission, isSecure: Bool, stream: HTTP2StreamHandler? = nil) {
        self.gateway = gateway
        self.admission = admission
        self.isSecure = isSecure
        self.stream = stream
    }

    var channel: (any Channel)? { context?.channel }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        // Asked of the context, a stream of HTTP/2 would end the process.
        peer = ClientAddress(context.channel.remoteAddress)
        gateway.opened(
            self,
            ConnectionInfo(route: "-", transport: .http, over: httpProtocol, address: peer.text)
        )
        giveUp(in: gateway.settings.handshakeTimeout)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        gateway.timers.cancel(self)
        self.context = nil
        gateway.closed(self)
    }

    func channelInactive(context: ChannelHandlerContext) {
        abandon()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent {
            switch state {
            // A client that shut its side down still gets the answer that it waits for, as a whole.
            case .responding, .writing: keepsAlive = false
            case .idle, .receiving, .closing: context.close(promise: nil)
            }
            return
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError else {
            gateway.logger.debug("connection failed", metadata: ["error": "\(error)"])
            context.close(promise: nil)
            return
        }
        keepsAlive = false
        hasHadRequest = true
        if case .idle = state { tally = RequestTally(nil) }
        switch error as? HTTPParserError {
        case .headerOverflow:
            fail(.headerFieldsTooLarge)
        default:
            fail(.badRequest("the request is not HTTP/1.1 as RFC 9112 has it: \(error)"))
        }
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        hasReadParts = true
        switch (unwrapInboundIn(data), state) {
        case (.head(let head), .idle):
            hasHadRequest = true
            tally = RequestTally(head)
            keepsAlive = head.isKeepAlive && !gateway.isDraining
            state = .receiving(head, bodyBytes: 0)
            if let stream { checkHead(head, of: stream, context: context) }
            if head.waitsBeforeBody, case .receiving = state { encourage(head, context: context) }
        case (.body(let bytes), .receiving(let head, let received)):
            let total = received + bytes.readableBytes
            tally?.received = total
            state = .receiving(head, bodyBytes: total)
            if total > Self.maximumBody {
                keepsAlive = false
                fail(.bodyTooLarge)
            }
        case (.end, .receiving(let head, _)):
            gateway.timers.cancel(self)
            dispatch(head, context: context)
        default:
            // Parts of a request that has been refused already.
            break
        }
    }

    /// What HTTP/2 has that no head of HTTP/1.1 can have.
    private func checkHead(_ head: HTTPRequestHead, of stream: HTTP2StreamHandler, context: ChannelHandlerContext) {
        if let problem = stream.problem {
            fail(problem)
        } else if head.method == .CONNECT {
            // Its body is what goes through the tunnel.
            gateway.timers.cancel(self)
            dispatch(head, context: context)
        }
    }

    /// The bytes that were read hold no whole request: from the first of them on a client has so long, however they
    /// dribble in. For the first request this runs since the connection was accepted.
    func channelReadComplete(context: ChannelHandlerContext) {
        let isWithinRequest =
            switch state {
            case .idle: !hasReadParts
            case .receiving: true
            case .responding, .writing, .closing: false
            }
        hasReadParts = false
        if isWithinRequest, !requestIsTimed {
            requestIsTimed = true
            giveUp(in: gateway.settings.handshakeTimeout)
        }
        context.fireChannelReadComplete()
    }

    /// Answers a client that sends its body only when it is told to (RFC 9110 section 10.1.1).
    private func encourage(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        if let length = head.headers.first(name: "Content-Length").flatMap({ Int($0) }), length > Self.maximumBody {
            keepsAlive = false
            fail(.bodyTooLarge)
            return
        }
        context.writeAndFlush(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))),
            promise: nil
        )
    }

    private func dispatch(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        // llhttp stops at a request that offers an upgrade or asks for a tunnel; what follows it can only be another
        // protocol.
        if head.headers.contains(name: "Upgrade") || head.method == .CONNECT { keepsAlive = false }
        do {
            let exchange = try exchange(for: head)
            state = .responding(exchange)
            tally?.exchange = exchange
            try enter(exchange)
            try exchange.begin()
        } catch {
            // What is known of the request tells whether a page may read what went wrong.
            if case .responding(let exchange) = state { exchange.fail(error) } else { fail(error) }
        }
    }

    // MARK: Answers

    /// Writes a whole answer.
    func respond(_ status: HTTPResponseStatus, headers: HTTPHeaders, body: ByteBuffer) {
        guard let context, let question = beginAnswer() else { return }
        var headers = headers
        if !headers.contains(name: "Content-Length"), status.code != 204, status.code != 304 {
            headers.add(name: "Content-Length", value: String(body.readableBytes))
        }
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: complete(headers))
        if question.wantsBody, body.readableBytes > 0 {
            tally?.sent += body.readableBytes
            write(head: head, context: context)
            writeParts(of: body)
        } else {
            let written = gateway.loop.makePromise(of: Void.self)
            write(head: head, context: context, promise: written)
            context.flush()
            written.futureResult.assumeIsolated().whenSuccess { self.answerIsWritten() }
        }
        // Most answers are with the socket by now.
        if case .writing = state { giveUp(in: gateway.settings.answerTimeout) }
    }

    /// Writes the rest of an answer as the socket takes it. All at once would be a copy for each client where TLS encrypts it.
    private func writeParts(of body: ByteBuffer) {
        guard let context else { return }
        var rest = body
        while let part = rest.readSlice(length: min(rest.readableBytes, Self.largestPart)), part.readableBytes > 0 {
            let written = gateway.loop.makePromise(of: Void.self)
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(part))), promise: written)
            var (isWritten, isAwaited) = (false, false)
            written.futureResult.assumeIsolated().whenSuccess { [rest] in
                isWritten = true
                if isAwaited { self.writeParts(of: rest) }
            }
            isAwaited = !isWritten
            if isAwaited { return }
        }
        answerIsWritten()
    }

    func fail(_ problem: Problem, headers: HTTPHeaders? = nil) {
        var headers = headers ?? problem.headers
        headers.add(name: "Content-Type", value: "application/problem+json")
        headers.add(name: "Cache-Control", value: "no-store")
        var body = ByteBuffer(string: #"{"type":"about:blank","title":"#)
        body.writeJSONString(problem.status.reasonPhrase)
        body.writeString(#","status":\#(problem.status.code),"detail":"#)
        body.writeJSONString(problem.detail)
        body.writeString("}\n")
        respond(problem.status, headers: headers, body: body)
    }

    /// Begins an answer whose body follows in parts; end it with ``finishBody()``.
    func beginBody(_ status: HTTPResponseStatus, headers: HTTPHeaders) {
        guard let context else { return }
        write(head: HTTPResponseHead(version: .http1_1, status: status, headers: complete(headers)), context: context)
    }

    /// - Returns: completes when the part has been written to the socket.
    func writeBody(_ part: ByteBuffer) -> EventLoopFuture<Void> {
        guard let context else { return gateway.loop.makeFailedFuture(ChannelError.ioOnClosedChannel) }
        tally?.sent += part.readableBytes
        giveUp(in: gateway.settings.answerTimeout)
        return context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(part))))
    }

    func finishBody() {
        guard beginAnswer() != nil else { return }
        answerIsWritten()
    }

    /// - Returns: what is answered; nil where nothing may be written any more.
    func beginAnswer() -> Question? {
        let question: Question
        switch state {
        case .idle: question = .none
        case .receiving(let head, _): question = .request(head)
        case .responding(let exchange): question = .request(exchange.head)
        case .writing, .closing: return nil
        }
        state = .writing
        return question
    }

    /// The socket has taken all of the answer but its end, which has no bytes.
    private func answerIsWritten() {
        requestEnded()
        // Handed on by the write of an answer's end, the next request may be answered within that write. Its own end waits
        // for another turn: the stack would else grow with each request that a client has sent ahead.
        guard isHandingOn else {
            takeNextRequest()
            return
        }
        gateway.loop.assumeIsolated().execute { self.takeNextRequest() }
    }

    /// Writes the end of an answer, which lets the pipelining handler hand on the next request: a client that sends
    /// requests and does not read answers is given one of them.
    private func takeNextRequest() {
        guard let context, case .writing = state else { return }
        guard stream == nil else {
            endStream(context)
            return
        }
        guard keepsAlive, !gateway.isDraining else {
            state = .closing
            gateway.timers.cancel(self)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            LingeringClose.begin(on: context.channel)
            return
        }
        state = .idle
        // Before the end is written: the next request, if it is there already, has times of its own.
        requestIsTimed = false
        giveUp(in: gateway.settings.keepAliveTimeout)
        isHandingOn = true
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        isHandingOn = false
    }

    /// A stream of HTTP/2 has one answer, whose end is a frame that the client has to have.
    private func endStream(_ context: ChannelHandlerContext) {
        state = .closing
        giveUp(in: gateway.settings.answerTimeout)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
            channel.close(promise: nil)
        }
    }

    /// The request holds nothing any more, and its line is written.
    private func requestEnded() {
        places.leaveAll()
        guard let tally else { return }
        self.tally = nil
        gateway.accessLog?.write(tally.record(from: peer))
    }

    func complete(_ headers: HTTPHeaders) -> HTTPHeaders {
        var headers = headers
        headers.add(name: "Date", value: gateway.httpDate())
        headers.add(name: "Server", value: "pushbridge")
        if stream == nil, !keepsAlive || gateway.isDraining {
            // What an `Upgrade` header needs to be named there stays (RFC 9110 section 7.8).
            headers.replaceOrAdd(name: "Connection", value: (headers["Connection"] + ["close"]).joined(separator: ", "))
        }
        return headers
    }

    func write(head: HTTPResponseHead, context: ChannelHandlerContext, promise: EventLoopPromise<Void>? = nil) {
        tally?.status = Int(head.status.code)
        context.write(wrapOutboundOut(.head(head)), promise: promise)
    }

    // MARK: Time and end

    /// Gives a client so long to send a whole request, or to read the answer: slow headers and slow bodies end here.
    private func giveUp(in timeout: TimeAmount) {
        gateway.timers.set(self, at: gateway.loop.now + timeout)
    }

    func timerFired() {
        if !hasHadRequest { gateway.metrics.rejected("timeout") }
        context?.close(promise: nil)
    }

    func drain() {
        switch state {
        // A stream's request is there as soon as the stream is.
        case .idle where stream == nil: context?.close(promise: nil)
        // The connection ends behind the answer that is under way, which says so where it has not begun.
        case .idle, .receiving, .writing, .closing: keepsAlive = false
        case .responding(let exchange):
            keepsAlive = false
            exchange.onDrain?()
        }
    }

    private func abandon() {
        if case .responding(let exchange) = state { exchange.abandon() }
        requestEnded()
        state = .closing
    }
}
