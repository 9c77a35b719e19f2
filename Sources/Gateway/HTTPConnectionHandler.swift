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
        /// A service makes the answer. Next: idle, closing, or gone from the pipeline.
        case responding(HTTPExchange)
        /// The last answer has been written. Next: none.
        case closing
    }

    private let gateway: GatewayLoop
    private let admission: Admission
    /// TLS stands before this handler.
    let isSecure: Bool
    private var state = State.idle
    private var context: ChannelHandlerContext?
    /// When the connection is given up; nil while a service makes an answer.
    var timerPlace: TimerWheel.Place?
    private var keepsAlive = true
    /// An answer has been written whose end waits until the socket takes bytes again.
    private var endIsWithheld = false

    /// How long a client may take to read an answer.
    private static let answerTimeout = TimeAmount.minutes(2)

    /// Bodies are read and dropped up to this size; no route of ours takes one.
    private static let maximumBody = 64 * 1024

    /// - Parameter admission: whether the connection is within the limits; if not, its first request gets 503.
    init(gateway: GatewayLoop, admission: Admission, isSecure: Bool) {
        self.gateway = gateway
        self.admission = admission
        self.isSecure = isSecure
    }

    /// Puts the HTTP handlers on a new connection.
    static func configure(
        _ channel: any Channel,
        gateway: GatewayLoop,
        admission: Admission,
        isSecure: Bool = false
    ) throws {
        let handler = HTTPConnectionHandler(gateway: gateway, admission: admission, isSecure: isSecure)
        var framing = HTTPResponseEncoder.Configuration()
        // Every answer says its own length, or is a stream that ends with the connection.
        framing.automaticallySetFramingHeaders = false
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = 16 * 1024
        limits.maxHeaderListSize = 64 * 1024
        limits.maxHeaderFieldCount = 128
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(HTTPResponseEncoder(configuration: framing), name: "encoder")
        try pipeline.addHandler(
            ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits)),
            name: "decoder"
        )
        try pipeline.addHandler(HTTPServerPipelineHandler(), name: "pipelining")
        try pipeline.addHandler(handler, name: "connection")
    }

    var channel: (any Channel)? { context?.channel }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        gateway.opened(
            self,
            ConnectionInfo(route: "-", transport: .http, address: context.channel.remoteAddress?.ipAddress)
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

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if endIsWithheld, context.channel.isWritable { takeNextRequest(context) }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent {
            // A client that shut its side down still gets the answer it waits for; an idle one is done.
            if case .responding = state { return }
            context.close(promise: nil)
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
        switch error as? HTTPParserError {
        case .headerOverflow:
            fail(Problem(status: .requestHeaderFieldsTooLarge, detail: "the request's header fields are too large"))
        default:
            fail(.badRequest("the request is not HTTP/1.1 as RFC 9112 has it: \(error)"))
        }
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), state) {
        case (.head(let head), .idle):
            keepsAlive = head.isKeepAlive && !gateway.isDraining
            state = .receiving(head, bodyBytes: 0)
        case (.body(let bytes), .receiving(let head, let received)):
            let total = received + bytes.readableBytes
            state = .receiving(head, bodyBytes: total)
            if total > Self.maximumBody {
                keepsAlive = false
                fail(Problem(status: .payloadTooLarge, detail: "no route takes a request body of this size"))
            }
        case (.end, .receiving(let head, _)):
            gateway.timers.cancel(self)
            dispatch(head, context: context)
        default:
            // Parts of a request that has been refused already.
            break
        }
    }

    private func dispatch(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        do {
            let exchange = try exchange(for: head)
            state = .responding(exchange)
            // llhttp stops at a request that offers an upgrade; what follows it can only be another protocol.
            if head.headers.contains(name: "Upgrade") { keepsAlive = false }
            try exchange.begin()
        } catch {
            // What is known of the request tells whether a page may read what went wrong.
            if case .responding(let exchange) = state { exchange.fail(error) } else { fail(error) }
        }
    }

    private func exchange(for head: HTTPRequestHead) throws(Problem) -> HTTPExchange {
        if case .refused(let reason) = admission {
            keepsAlive = false
            gateway.metrics.rejected("limit")
            throw .unavailable(reason)
        }
        if head.version != .http1_0, head.headers[canonicalForm: "host"].count != 1 {
            keepsAlive = false
            throw .badRequest("an HTTP/1.1 request has exactly one Host header (RFC 9112 section 3.2)")
        }
        guard let target = RequestTarget(head.uri) else {
            throw .badRequest("the request target is no path, or its percent-encoding is broken")
        }
        guard let (route, parameters) = gateway.router.route(for: target.segments) else { throw .notFound }
        return HTTPExchange(
            head: head,
            target: target,
            parameters: parameters,
            route: route,
            loop: gateway,
            connection: self
        )
    }

    // MARK: Answers

    /// Writes a whole answer.
    func respond(_ status: HTTPResponseStatus, headers: HTTPHeaders, body: ByteBuffer) {
        guard let context, let request = beginAnswer() else { return }
        var headers = headers
        if !headers.contains(name: "Content-Length"), status.code != 204, status.code != 304 {
            headers.add(name: "Content-Length", value: String(body.readableBytes))
        }
        write(head: HTTPResponseHead(version: .http1_1, status: status, headers: complete(headers)), context: context)
        if request?.method != .HEAD, body.readableBytes > 0 {
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        endAnswer(context: context)
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
        return context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(part))))
    }

    func finishBody() {
        guard let context, beginAnswer() != nil else { return }
        endAnswer(context: context)
    }

    /// - Returns: nil where nothing may be written any more; else the request, which is nil for a broken one.
    private func beginAnswer() -> HTTPRequestHead?? {
        defer { state = .closing }
        switch state {
        case .idle: return .some(nil)
        case .receiving(let head, _): return head
        case .responding(let exchange): return exchange.head
        case .closing: return nil
        }
    }

    private func endAnswer(context: ChannelHandlerContext) {
        if keepsAlive && !gateway.isDraining {
            state = .idle
            context.flush()
            if context.channel.isWritable {
                takeNextRequest(context)
            } else {
                endIsWithheld = true
                giveUp(in: Self.answerTimeout)
            }
        } else {
            state = .closing
            giveUp(in: Self.answerTimeout)
            context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
                LingeringClose.begin(on: context.channel)
            }
        }
    }

    /// Writes the end of an answer, which lets the pipelining handler hand on the next request: a client that sends
    /// requests and does not read answers is not given more of them.
    private func takeNextRequest(_ context: ChannelHandlerContext) {
        endIsWithheld = false
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        giveUp(in: gateway.settings.keepAliveTimeout)
    }

    private func complete(_ headers: HTTPHeaders) -> HTTPHeaders {
        var headers = headers
        headers.add(name: "Date", value: gateway.httpDate())
        headers.add(name: "Server", value: "pushbridge")
        if !keepsAlive || gateway.isDraining { headers.replaceOrAdd(name: "Connection", value: "close") }
        return headers
    }

    private func write(head: HTTPResponseHead, context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(head)), promise: nil)
    }

    // MARK: Leaving HTTP

    /// Answers with 101, then makes the connection a WebSocket. Bytes that the client sent behind its request belong
    /// to the WebSocket.
    func upgrade(
        _ acceptance: WebSocketAcceptance,
        limits: WebSocketLimits,
        options: WebSocketOptions,
        delegate: any WebSocketDelegate
    ) {
        var headers: HTTPHeaders = ["Date": gateway.httpDate(), "Server": "pushbridge"]
        for (name, value) in acceptance.headers { headers.add(name: name, value: value) }
        var options = options
        // What went to the socket beside TLS would be plain text in the middle of its records.
        if isSecure { options.writesDirectly = false }
        leave(status: .switchingProtocols, headers: headers) { channel in
            try channel.pipeline.syncOperations.addHandler(
                WebSocketHandler(
                    role: .server,
                    limits: limits,
                    deflate: acceptance.deflate,
                    options: options,
                    timers: gateway.timers,
                    delegate: delegate
                )
            )
        }
    }

    /// Begins a stream of server-sent events that ends with the connection.
    func beginEventStream(headers: HTTPHeaders, info: ConnectionInfo, _ attach: (EventStreamHandler) -> Void) {
        keepsAlive = false
        leave(status: .ok, headers: complete(headers)) { channel in
            let handler = EventStreamHandler(gateway: gateway, info: info)
            try channel.pipeline.syncOperations.addHandler(handler)
            attach(handler)
        }
    }

    private func leave(status: HTTPResponseStatus, headers: HTTPHeaders, _ addHandler: (any Channel) throws -> Void) {
        guard let context, beginAnswer() != nil else { return }
        let channel = context.channel
        write(head: HTTPResponseHead(version: .http1_1, status: status, headers: headers), context: context)
        // Flushed with what the new handler has to say at once, such as the first document.
        context.write(wrapOutboundOut(.end(nil)), promise: nil)
        let pipeline = channel.pipeline.syncOperations
        do {
            // The pipelining handler goes first: it would not know the bytes that the decoder forwards when it goes.
            pipeline.removeHandler(name: "pipelining", promise: nil)
            pipeline.removeHandler(name: "encoder", promise: nil)
            pipeline.removeHandler(self, promise: nil)
            try addHandler(channel)
            let removal = gateway.loop.makePromise(of: Void.self)
            pipeline.removeHandler(name: "decoder", promise: removal)
            // The decoder forwards what it still holds in a turn of its own, which nothing else ends.
            removal.futureResult.whenSuccess {
                channel.flush()
                channel.pipeline.fireChannelReadComplete()
            }
        } catch {
            gateway.logger.error("cannot switch protocols", metadata: ["error": "\(error)"])
            channel.close(promise: nil)
        }
    }

    // MARK: Time and end

    /// Gives a client so long to send a whole request, or to read the answer: slow headers and slow bodies end here.
    private func giveUp(in timeout: TimeAmount) {
        gateway.timers.set(self, at: gateway.loop.now + timeout)
    }

    func timerFired() {
        context?.close(promise: nil)
    }

    func drain() {
        switch state {
        case .idle: context?.close(promise: nil)
        // The answer that is under way says `Connection: close`.
        case .receiving, .responding, .closing: keepsAlive = false
        }
    }

    private func abandon() {
        if case .responding(let exchange) = state {
            exchange.onAbandoned?()
            exchange.onAbandoned = nil
        }
        state = .closing
    }
}
