import NIOCore
import NIOHTTP1
import WebSocket

/// The end of HTTP on a connection, which lives on as something else.
extension HTTPConnectionHandler {
    /// Answers with 101 (over HTTP/2 with 200), then makes the connection a WebSocket. Bytes that the client sent behind
    /// its request belong to the WebSocket.
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
        leave(status: stream == nil ? .switchingProtocols : .ok, headers: headers) { channel in
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
        // The connection is one request until its end; whoever takes it over writes its line of the log.
        places.leave(atEndOf: channel)
        tally = nil
        write(head: HTTPResponseHead(version: .http1_1, status: status, headers: headers), context: context)
        if let stream {
            leave(stream, channel, addHandler)
            return
        }
        // Flushed once the new handler is in force, so that a client that has the answer is in its room, and with what the
        // handler has to say at once, such as the first document.
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

    /// The same on a stream of HTTP/2, whose codec stays.
    private func leave(
        _ stream: HTTP2StreamHandler,
        _ channel: any Channel,
        _ addHandler: (any Channel) throws -> Void
    ) {
        let pipeline = channel.pipeline.syncOperations
        do {
            pipeline.removeHandler(self, promise: nil)
            try pipeline.addHandler(HTTP2ByteStreamHandler())
            try addHandler(channel)
            gateway.loop.assumeIsolated().execute {
                channel.flush()
                stream.becomeByteStream()
            }
        } catch {
            gateway.logger.error("cannot begin a byte stream", metadata: ["error": "\(error)"])
            channel.close(promise: nil)
        }
    }
}
