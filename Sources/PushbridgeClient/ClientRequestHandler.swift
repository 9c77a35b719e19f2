import NIOCore
import NIOHTTP1

/// Sends one request and hands on its answer: a CONNECT to a proxy, or the WebSocket handshake. Belongs to its
/// channel's event loop.
///
///     socket ⇄ (TLS) ⇄ HTTPRequestEncoder ⇄ HTTPResponseDecoder ⇄ ClientRequestHandler
final class ClientRequestHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// How much of the body of a refusal is kept for the person who reads it, in bytes.
    private static let maximumDetail = 2048

    private let request: HTTPRequestHead
    private let onAnswer: (Result<(head: HTTPResponseHead, body: ByteBuffer), any Error>) -> Void
    private var head: HTTPResponseHead?
    private var body = ByteBuffer()
    private var isDone = false
    private var context: ChannelHandlerContext?
    private var hasEnded = false
    /// What came behind the answer while the decoder was leaving.
    private var held: [NIOAny] = []
    private var inputHasEnded = false

    init(
        _ request: HTTPRequestHead,
        onAnswer: @escaping (Result<(head: HTTPResponseHead, body: ByteBuffer), any Error>) -> Void
    ) {
        self.request = request
        self.onAnswer = onAnswer
    }

    /// Puts the handler and HTTP on a channel that is connected.
    func begin(on channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(HTTPRequestEncoder(), name: "encoder")
        try pipeline.addHandler(
            ByteToMessageHandler(HTTPResponseDecoder(leftOverBytesStrategy: .forwardBytes)),
            name: "decoder"
        )
        try pipeline.addHandler(self, name: "request")
    }

    /// Takes HTTP off the channel, then hands what the server sent behind its answer to `next`. Nothing may be written
    /// before `completion`: the decoder looks at what is written, and takes it for requests.
    func end(on channel: any Channel, next: (any ChannelHandler)?, completion: @escaping ((any Error)?) -> Void) {
        hasEnded = true
        let pipeline = channel.pipeline.syncOperations
        pipeline.removeHandler(name: "encoder", promise: nil)
        let removal = channel.eventLoop.makePromise(of: Void.self)
        pipeline.removeHandler(name: "decoder", promise: removal)
        removal.futureResult.assumeIsolated().whenComplete { _ in
            do {
                guard channel.isActive, let context = self.context else { throw ChannelError.eof }
                if let next { try pipeline.addHandler(next) }
                completion(nil)
                for data in self.held { context.fireChannelRead(data) }
                context.fireChannelReadComplete()
                if self.inputHasEnded { context.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
                pipeline.removeHandler(self, promise: nil)
            } catch {
                completion(error)
            }
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .inputClosed? = event as? ChannelEvent else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        if hasEnded { inputHasEnded = true } else { takeEnd() }
    }

    /// The server says nothing more: with half-closure this comes in place of the channel's end. The decoder has seen it
    /// before, so that a body that goes to the end is whole.
    private func takeEnd() {
        if head == nil { finish(.failure(ChannelError.eof)) } else { answer() }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        context.write(wrapOutboundOut(.head(request)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if hasEnded {
            held.append(data)
            return
        }
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body(var part):
            body.writeBuffer(&part)
            if body.readableBytes > Self.maximumDetail { answer() }
        case .end: answer()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        takeEnd()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish(.failure(error))
        context.close(promise: nil)
    }

    private func answer() {
        if let head { finish(.success((head, body))) }
    }

    private func finish(_ result: Result<(head: HTTPResponseHead, body: ByteBuffer), any Error>) {
        guard !isDone else { return }
        isDone = true
        onAnswer(result)
    }
}
