import NIOCore
import NIOHTTP2
import WebSocket

/// Stands first on a stream of an HTTP/2 connection, for as long as it lives.
///
///     stream ⇄ HTTP2StreamHandler ⇄ HTTP2FramePayloadToHTTP1ServerCodec ⇄ HTTPConnectionHandler
///     stream ⇄ HTTP2StreamHandler ⇄ codec ⇄ HTTP2ByteStreamHandler ⇄ WebSocketHandler      after a CONNECT
///     stream ⇄ HTTP2StreamHandler ⇄ codec ⇄ HTTP2ByteStreamHandler ⇄ EventStreamHandler    once a stream has begun
///
/// It brings the request's head into the codec's form, holds back what a client sends before its CONNECT is answered,
/// counts what has not come to the kernel, and gives closing the meaning that it has for a socket: a stream's channel
/// knows only to reset it. Belongs to its connection's event loop.
final class HTTP2StreamHandler: ChannelDuplexHandler, OutboundBacklog {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias InboundOut = HTTP2Frame.FramePayload
    typealias OutboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    /// `:protocol` of an extended CONNECT (RFC 8441); nil for every other request. Known before the head is handed on.
    private(set) var connectProtocol: String?
    /// What is wrong with the head; nil for a good one.
    private(set) var problem: Problem?
    private(set) var waitingBytes = 0

    private var context: ChannelHandlerContext?
    private var hasHead = false
    private var isByteStream = false
    /// The client has ended its side.
    private var inputHasEnded = false
    /// The end of our side was written.
    private var outputIsEnding = false
    /// And has come to the kernel, with everything before it.
    private var outputHasEnded = false
    /// A CONNECT is being judged: what comes behind it belongs to whoever takes the stream over.
    private var isHolding = false
    private var held: [HTTP2Frame.FramePayload] = []
    private var readIsWithheld = false

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        held = []
    }

    // MARK: Input

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let payload = unwrapInboundIn(data)
        if payload.endsStream { inputHasEnded = true }
        if !hasHead, case .headers(var headers) = payload {
            hasHead = true
            let head = HTTP2RequestHead(headers.headers)
            connectProtocol = head.connectProtocol
            problem = head.problem
            isHolding = head.connectProtocol != nil
            headers.headers = head.fields
            context.fireChannelRead(wrapInboundOut(.headers(headers)))
        } else if isHolding {
            held.append(payload)
        } else {
            context.fireChannelRead(data)
        }
    }

    func read(context: ChannelHandlerContext) {
        if isHolding {
            readIsWithheld = true
        } else {
            context.read()
        }
    }

    /// The request has been answered with a stream of bytes, whose handlers are in their places.
    func becomeByteStream() {
        isByteStream = true
        guard isHolding, let context else { return }
        isHolding = false
        let payloads = held
        held = []
        for payload in payloads { context.fireChannelRead(wrapInboundOut(payload)) }
        if !payloads.isEmpty { context.fireChannelReadComplete() }
        guard readIsWithheld else { return }
        readIsWithheld = false
        // Through all handlers: one of them may be pausing.
        context.pipeline.read()
    }

    // MARK: Output

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let payload = unwrapOutboundIn(data)
        let isEnd = payload.endsStream
        let count = payload.dataCount
        guard isEnd || count > 0 else {
            context.write(data, promise: promise)
            return
        }
        waitingBytes += count
        if isEnd { outputIsEnding = true }
        // A promise of our own: who waits for the other may close at once, and what to do then depends on the count.
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { result in
            self.waitingBytes -= count
            if isEnd, case .success = result { self.outputHasEnded = true }
            promise?.completeWith(result)
        }
        context.write(data, promise: written)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        switch mode {
        case .input:
            promise?.succeed()
        case .output:
            endOutput(context, promise)
        case .all where outputHasEnded && !inputHasEnded:
            // The answer is whole, and the client need not send the rest of its request (RFC 9113 section 8.1).
            context.writeAndFlush(wrapOutboundOut(.rstStream(.noError)), promise: promise)
        case .all where isByteStream && inputHasEnded && waitingBytes == 0:
            // What closing a socket does, of which the other end has closed its side.
            endOutput(context, promise)
        case .all:
            context.close(mode: .all, promise: promise)
        }
    }

    private func endOutput(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        guard !outputIsEnding else {
            promise?.succeed()
            return
        }
        let end = HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(ByteBuffer()), endStream: true))
        write(context: context, data: wrapOutboundOut(end), promise: promise)
        context.flush()
    }
}

extension HTTP2Frame.FramePayload {
    fileprivate var endsStream: Bool {
        switch self {
        case .data(let data): data.endStream
        case .headers(let headers): headers.endStream
        default: false
        }
    }

    fileprivate var dataCount: Int {
        if case .data(let data) = self { data.data.readableBytes } else { 0 }
    }
}
