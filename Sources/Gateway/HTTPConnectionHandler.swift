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
        /// A service makes the answer. Next: idle, closing, or gone from the pipeline.
        case responding(HTTPExchange)
        /// The last answer has been written. Next: none.
        case closing
    }

    let gateway: GatewayLoop
    private let admission: Admission
    /// TLS stands before this handler.
    let isSecure: Bool
    /// What frames the one request of a stream of HTTP/2; nil on a connection of HTTP/1.1.
    let stream: HTTP2StreamHandler?
    private var state = State.idle
    var context: ChannelHandlerContext?
    private var peer = ClientAddress(nil)
    /// What the request that is answered holds of the limits.
    var places = HeldPlaces()
    /// What the access log will say of the request that is read or answered; nil between requests.
    var tally: RequestTally?
    private var hasHadRequest = false
    /// When the connection is given up; nil while a service makes an answer.
    var timerPlace: TimerWheel.Place?
    var keepsAlive = true
    /// An answer has been written whose end waits until the socket takes bytes again.
    private var endIsWithheld = false

    /// How long a client may take to read an answer.
    private static let answerTimeout = TimeAmount.minutes(2)

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
        switch (unwrapInboundIn(data), state) {
        case (.head(let head), .idle):
            hasHadRequest = true
            tally = RequestTally(head)
            keepsAlive = head.isKeepAlive && !gateway.isDraining
            state = .receiving(head, bodyBytes: 0)
            if let stream { checkHead(head, of: stream, context: context) }
        case (.body(let bytes), .receiving(let head, let received)):
            let total = received + bytes.readableBytes
            tally?.received = total
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

    private func exchange(for head: HTTPRequestHead) throws(Problem) -> HTTPExchange {
        if case .refused(let reason) = admission {
            keepsAlive = false
            gateway.metrics.rejected("limit")
            throw .unavailable(reason)
        }
        let hosts = head.headers["host"]
        guard hosts.count == 1 || hosts.isEmpty && head.version == .http1_0, hosts.allSatisfy(\.isHostField) else {
            keepsAlive = false
            throw .badRequest("an HTTP/1.1 request has exactly one Host header, with a host (RFC 9112 section 3.2)")
        }
        if let name = stream?.connectProtocol, !WebSocketHandshake.isNamed(by: name) {
            gateway.metrics.rejected("handshake")
            throw Problem(status: .notImplemented, detail: "websocket is the only protocol that is spoken in a CONNECT")
        }
        guard let target = RequestTarget(head.uri) else {
            throw .badRequest("the request target is no path, or its percent-encoding is broken")
        }
        guard let (route, parameters) = gateway.router.route(for: target.segments) else { throw .notFound }
        return HTTPExchange(
            head: head,
            client: gateway.settings.trustedProxies.client(of: head.headers, from: peer),
            target: target,
            parameters: parameters,
            route: route,
            loop: gateway,
            connection: self
        )
    }

    /// Takes the request's places within the limits.
    private func enter(_ exchange: HTTPExchange) throws(Problem) {
        do throws(Problem) {
            // Whoever comes through a proxy was not counted by address when the connection was accepted.
            if exchange.client != peer, !gateway.settings.trustedProxies.contains(exchange.client.ip) {
                try places.enter(gateway.ledger, exchange.client.ip, isConnection: false)
            }
            if let ledger = exchange.route.ledger { try places.enter(ledger, exchange.client.ip) }
        } catch {
            gateway.metrics.rejected("limit")
            throw error
        }
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
            tally?.sent += body.readableBytes
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
        tally?.sent += part.readableBytes
        return context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(part))))
    }

    func finishBody() {
        guard let context, beginAnswer() != nil else { return }
        endAnswer(context: context)
    }

    /// - Returns: nil where nothing may be written any more; else the request, which is nil for a broken one.
    func beginAnswer() -> HTTPRequestHead?? {
        defer { state = .closing }
        switch state {
        case .idle: return .some(nil)
        case .receiving(let head, _): return head
        case .responding(let exchange): return exchange.head
        case .closing: return nil
        }
    }

    private func endAnswer(context: ChannelHandlerContext) {
        requestEnded()
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
            let isStream = stream != nil
            context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
                if isStream {
                    context.channel.close(promise: nil)
                } else {
                    LingeringClose.begin(on: context.channel)
                }
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
        if stream == nil, !keepsAlive || gateway.isDraining { headers.replaceOrAdd(name: "Connection", value: "close") }
        return headers
    }

    func write(head: HTTPResponseHead, context: ChannelHandlerContext) {
        tally?.status = Int(head.status.code)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
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
        // The answer that is under way says `Connection: close`.
        case .idle, .receiving, .responding, .closing: keepsAlive = false
        }
    }

    private func abandon() {
        if case .responding(let exchange) = state {
            exchange.onAbandoned?()
            exchange.onAbandoned = nil
        }
        requestEnded()
        state = .closing
    }
}
