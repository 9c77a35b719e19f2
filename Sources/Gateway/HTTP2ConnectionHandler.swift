import NIOCore
import NIOHTTP2
import WebSocket

/// What the streams of one HTTP/2 connection have in common: their places within the limits, and the connection's end.
///
///     socket ⇄ NIOSSLServerHandler ⇄ NIOHTTP2Handler ⇄ HTTP2ConnectionHandler
///                                          ⇅
///                               one channel for each stream, as HTTP2StreamHandler draws it
///
/// NIOHTTP2's own handler for this closes without waiting for the kernel to take the last answer, and waits without an end
/// for the answer to its ping. Belongs to its event loop.
final class HTTP2ConnectionHandler: ChannelInboundHandler, LoopConnection, TimerWheelClient, NIOHTTP2FrameDelegate {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    private let gateway: GatewayLoop
    private let admission: Admission
    /// By which streams are counted; nil where requests name their clients themselves.
    private let address: IPAddress?
    private var context: ChannelHandlerContext?
    var timerPlace: TimerWheel.Place?
    private var streamCount = 0
    private var lastStream = HTTP2StreamID.rootStream
    /// One of the streams stands in the place that the connection was given when it was accepted.
    private var ownPlaceIsTaken = false
    /// No new streams; the connection ends with the last one.
    private var isEnding = false
    /// The client broke the protocol and has been told so.
    private var hasFailed = false

    private init(gateway: GatewayLoop, admission: Admission, address: IPAddress?) {
        self.gateway = gateway
        self.admission = admission
        self.address = address
    }

    /// What a client may have at once, and how fast it may waste our time. NIOHTTP2's own bounds against floods stay as they
    /// are: 200 resets, 200 streams with errors, and 200 PING, SETTINGS or PRIORITY frames in 30 seconds, 5 CONTINUATION
    /// frames in a row, one empty DATA frame in a row, 10,000 control frames that wait for the client to read.
    private static var configuration: NIOHTTP2Handler.Configuration {
        var configuration = NIOHTTP2Handler.Configuration()
        configuration.connection.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: 100),
            // Twice what is taken, with 32 bytes for each field (RFC 9113 section 6.5.2): the rest is answered with 431,
            // while what is larger than this ends the connection.
            HTTP2Setting(parameter: .maxHeaderListSize, value: 128 * 1024),
            HTTP2Setting(parameter: .enableConnectProtocol, value: 1),
        ]
        // The connection's window is opened again as bytes arrive, a stream's as they are read: what a stopped reader holds
        // up is its own stream, and no more than this of it.
        configuration.connection.targetWindowSize = 1 << 20
        configuration.stream.targetWindowSize = 256 * 1024
        // As for a socket.
        configuration.stream.outboundBufferSizeHighWatermark = 64 * 1024
        configuration.stream.outboundBufferSizeLowWatermark = 32 * 1024
        return configuration
    }

    /// Puts HTTP/2 on a connection whose TLS handshake has chosen it.
    static func configure(
        _ channel: any Channel,
        gateway: GatewayLoop,
        admission: Admission,
        address: IPAddress?
    ) throws {
        let connection = HTTP2ConnectionHandler(gateway: gateway, admission: admission, address: address)
        let bound = NIOLoopBound(connection, eventLoop: channel.eventLoop)
        // This form alone takes a frame delegate. The sequence of streams that it returns is not looked at, and holds
        // nothing once it is gone.
        _ = try channel.pipeline.syncOperations.configureAsyncHTTP2Pipeline(
            mode: .server,
            streamDelegate: nil,
            frameDelegate: connection,
            configuration: configuration
        ) { stream in
            stream.eventLoop.makeCompletedFuture { try bound.value.begin(stream) }
        }
        try channel.pipeline.syncOperations.addHandler(connection)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let peer = ClientAddress(context.channel.remoteAddress)
        gateway.timers.set(self, at: gateway.loop.now + gateway.settings.handshakeTimeout)
        gateway.opened(self, ConnectionInfo(route: "-", transport: .http2, over: .http2, address: peer.text))
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        gateway.timers.cancel(self)
        self.context = nil
        gateway.closed(self)
    }

    // MARK: Streams

    private func begin(_ stream: any Channel) throws {
        if let id = try stream.syncOptions?.getOption(HTTP2StreamChannelOptions.streamID) { lastStream = id }
        streamCount += 1
        gateway.timers.cancel(self)
        stream.closeFuture.assumeIsolated().whenComplete { _ in self.streamClosed() }
        let admission = enter(stream)
        if admission != .admitted, gateway.ledger.isFlooded { throw ChannelError.ioOnClosedChannel }
        try HTTPConnectionHandler.configureStream(stream, gateway: gateway, admission: admission)
    }

    /// A client with a hundred streams is as dear as one with a hundred connections.
    private func enter(_ stream: any Channel) -> Admission {
        guard admission == .admitted else { return admission }
        if !ownPlaceIsTaken {
            ownPlaceIsTaken = true
            stream.closeFuture.assumeIsolated().whenComplete { _ in self.ownPlaceIsTaken = false }
            return .admitted
        }
        let (ledger, address) = (gateway.ledger, address)
        let admission = ledger.enter(address)
        stream.closeFuture.whenComplete { _ in ledger.leave(address, admission) }
        return admission
    }

    private func streamClosed() {
        streamCount -= 1
        guard streamCount == 0, context != nil else { return }
        if isEnding {
            finish()
        } else {
            gateway.timers.set(self, at: gateway.loop.now + gateway.settings.keepAliveTimeout)
        }
    }

    // MARK: The end

    func timerFired() {
        if lastStream == .rootStream { gateway.metrics.rejected("timeout") }
        isEnding = true
        finish()
    }

    /// Streams are connections to those that drain them; only new ones are to go elsewhere (RFC 9113 section 6.8).
    func drain() {
        guard !isEnding, let context else { return }
        isEnding = true
        if streamCount == 0 {
            finish()
        } else {
            context.writeAndFlush(goAway, promise: nil)
        }
    }

    var drainsFirst: Bool { true }

    private var goAway: NIOAny {
        wrapOutboundOut(
            HTTP2Frame(
                streamID: .rootStream,
                payload: .goAway(lastStreamID: lastStream, errorCode: .noError, opaqueData: nil)
            )
        )
    }

    private func finish() {
        guard let context else { return }
        let channel = context.channel
        // The last thing that is written: once the kernel has it, it has all answers.
        context.writeAndFlush(goAway).assumeIsolated().whenComplete { _ in LingeringClose.begin(on: channel) }
    }

    func wroteFrame(_ frame: HTTP2Frame) {
        if case .goAway(_, let code, _) = frame.payload, code != .noError { hasFailed = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        gateway.logger.debug("HTTP/2 connection", metadata: ["error": "\(error)"])
        if hasFailed {
            guard context.channel.isActive else { return }
            // Nothing of what such a client goes on sending is looked at.
            try? context.channel.syncOptions?.setOption(.autoRead, value: false)
            LingeringClose.begin(on: context.channel)
        } else if !(error is any NIOHTTP2Error) {
            context.close(promise: nil)
        }
        // Else it is the error of one stream, which NIOHTTP2 has reset.
    }

    // MARK: The connection itself

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // Frames of the connection are answered by NIOHTTP2.
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent {
            // Without a way to open windows there is nothing more to be sent.
            context.close(promise: nil)
            return
        }
        context.fireUserInboundEventTriggered(event)
    }
}
