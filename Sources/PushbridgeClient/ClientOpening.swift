import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import WebSocket

/// The way to an open connection: TCP, then CONNECT through a proxy, TLS and the handshake, as far as needed. May be gone
/// many times.
package struct ClientOpening: Sendable {
    let url: ClientURL
    let options: ClientConnectionOptions
    private let proxy: ProxyChoice?
    private let tls: NIOSSLContext?

    /// - Throws: where the URL, the proxy or the authorities are no good.
    package init(_ url: String, options: ClientConnectionOptions) throws(ClientConnectionError) {
        self.url = try ClientURL(url)
        self.options = options
        proxy =
            switch options.proxy {
            case .none: nil
            case .url(let text): try ProxyChoice(text)
            case .environment: try .environment(ProcessInfo.processInfo.environment, for: self.url)
            }
        if let proxy, self.url.isSecure, Self.isAddress(self.url.host) {
            // TLS would check the certificate for the address that the connection goes to: the proxy's.
            throw .tls(
                address: self.url.address,
                reason: "the certificate of an address cannot be checked through a proxy (\(proxy.address)): "
                    + "write the server's name, or except the address with NO_PROXY"
            )
        }
        tls = self.url.isSecure ? try Self.tlsContext(options, address: self.url.address) : nil
    }

    /// A connection whose messages are taken by a task.
    func connect() async throws -> ClientConnection {
        let (socket, end) = try await open(on: MultiThreadedEventLoopGroup.singleton) { loop in
            let closure = loop.makePromise(of: ClientClosure.self)
            let demand = ClientDemand(loop: loop)
            let sequence = ClientMessages.Producer.makeSequence(
                elementType: ClientMessage.self,
                backPressureStrategy: .init(lowWatermark: 8, highWatermark: 32),
                finishOnDeinit: false,
                delegate: demand
            )
            let receiver = ClientReceiver(source: sequence.source, demand: demand, closure: closure)
            return (receiver, (ClientMessages(producer: sequence.sequence), closure.futureResult))
        }
        return ClientConnection(socket: socket, messages: end.0, end: end.1)
    }

    /// A connection whose messages are taken on its event loop.
    ///
    /// - Parameters:
    ///   - group: gives the loop.
    ///   - attach: called on the loop once the handshake is through; gives what takes the messages, and what goes back to
    ///     the caller.
    /// - Throws: ``ClientConnectionError``; `CancellationError` where the task was cancelled before the end of the handshake.
    package func open<End: Sendable>(
        on group: any EventLoopGroup,
        _ attach: @escaping @Sendable (any EventLoop) -> (any WebSocketDelegate, End)
    ) async throws -> (ClientSocket, End) {
        let deadline = NIODeadline.now() + options.connectTimeout
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: group)
                .connectTimeout(options.connectTimeout)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(.allowRemoteHalfClosure, value: true)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(EarlyEndHandler())
                    }
                }
                .connect(host: proxy?.host ?? url.host, port: proxy?.port ?? url.port).get()
        } catch {
            throw ClientConnectionError.unreachable(address: proxy?.address ?? url.address, reason: explain(error))
        }
        let loop = channel.eventLoop
        let timeout = loop.scheduleTask(deadline: deadline) { channel.close(promise: nil) }
        defer { timeout.cancel() }
        do {
            // A server that does not answer holds nobody who has stopped waiting.
            return try await withTaskCancellationHandler {
                if let proxy { try await open(proxy, channel) }
                let promise = loop.makePromise(of: (ClientSocket, End).self)
                loop.execute {
                    do {
                        try checkIsOpen(channel)
                        if let tls { try addTLS(tls, channel) }
                        try shakeHands(on: channel, attach, promise)
                    } catch {
                        promise.fail(error)
                    }
                }
                return try await promise.futureResult.get()
            } onCancel: {
                channel.close(promise: nil)
            }
        } catch {
            channel.close(promise: nil)
            if Task.isCancelled { throw CancellationError() }
            if let error = error as? ClientConnectionError { throw error }
            if NIODeadline.now() >= deadline { throw ClientConnectionError.timeout(address: url.address) }
            if error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError {
                throw ClientConnectionError.tls(address: url.address, reason: RefusalText.tls(error))
            }
            if error is HTTPParserError {
                throw ClientConnectionError.handshake(reason: "\(url.address) does not answer in HTTP/1.1: \(error)")
            }
            throw ClientConnectionError.endedEarly(address: url.address)
        }
    }

    /// On the event loop: handlers that are added after the channel's end would never hear of it.
    private func checkIsOpen(_ channel: any Channel) throws(ChannelError) {
        let early = try? channel.pipeline.syncOperations.handler(type: EarlyEndHandler.self)
        guard channel.isActive, early?.hasCome != true else { throw .eof }
    }

    private static func tlsContext(
        _ options: ClientConnectionOptions,
        address: String
    ) throws(ClientConnectionError) -> NIOSSLContext {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.applicationProtocols = ["http/1.1"]
        if let file = options.certificateAuthorities { configuration.trustRoots = .file(file) }
        do { return try NIOSSLContext(configuration: configuration) } catch {
            let file = options.certificateAuthorities.map { "no certificate in PEM form can be read from \($0)" }
            throw .tls(address: address, reason: file ?? RefusalText.tls(error))
        }
    }

    private func addTLS(_ context: NIOSSLContext, _ channel: any Channel) throws {
        // Addresses may not be sent as server name (RFC 6066 section 3); certificates are still checked for them.
        let name = Self.isAddress(url.host) ? nil : url.host
        try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: name))
    }

    private static func isAddress(_ host: String) -> Bool {
        (try? SocketAddress(ipAddress: host, port: 0)) != nil
    }

    private func open(_ proxy: ProxyChoice, _ channel: any Channel) async throws {
        var head = HTTPRequestHead(version: .http1_1, method: .CONNECT, uri: url.address)
        head.headers.add(name: "Host", value: url.address)
        if let authorization = proxy.authorization {
            head.headers.add(name: "Proxy-Authorization", value: authorization)
        }
        let promise = channel.eventLoop.makePromise(of: Void.self)
        let request = head
        channel.eventLoop.execute {
            var handler: ClientRequestHandler?
            let answered = ClientRequestHandler(request) { result in
                defer { handler = nil }
                switch result {
                case .success(let answer) where (200..<300).contains(answer.head.status.code):
                    handler?.end(on: channel, next: nil) { error in
                        // TLS is added behind this turn, when nothing of HTTP is left.
                        channel.eventLoop.execute { error.map(promise.fail) ?? promise.succeed() }
                    }
                case .success(let answer):
                    let reason = "it answered \(answer.head.status.code)"
                    promise.fail(ClientConnectionError.proxy(address: proxy.address, reason: reason))
                case .failure(let error):
                    promise.fail(proxy.failure(error))
                }
            }
            handler = answered
            do {
                try checkIsOpen(channel)
                try answered.begin(on: channel)
            } catch {
                promise.fail(proxy.failure(error))
            }
        }
        try await promise.futureResult.get()
    }

    /// On the channel's event loop.
    private func shakeHands<End: Sendable>(
        on channel: any Channel,
        _ attach: @escaping @Sendable (any EventLoop) -> (any WebSocketDelegate, End),
        _ promise: EventLoopPromise<(ClientSocket, End)>
    ) throws {
        let handshake = ClientHandshake(
            subprotocols: options.subprotocols,
            offersDeflate: options.offersCompression
        )
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: url.target)
        for (name, value) in handshake.requestHeaders(host: url.hostHeader) {
            head.headers.add(name: name, value: value)
        }
        if let credentials = url.credentials {
            head.headers.add(name: "Authorization", value: "Basic \(Data(credentials.utf8).base64EncodedString())")
        }
        for (name, value) in options.headers { head.headers.replaceOrAdd(name: name, value: value) }
        var handler: ClientRequestHandler?
        let request = ClientRequestHandler(head) { result in
            defer { handler = nil }
            do {
                let answer = try result.get()
                guard answer.head.status == .switchingProtocols else {
                    throw ClientConnectionError.refused(
                        status: Int(answer.head.status.code),
                        detail: RefusalText.detail(
                            contentType: answer.head.headers.first(name: "Content-Type"),
                            body: answer.body
                        )
                    )
                }
                let agreed: (subprotocol: String?, deflate: PerMessageDeflate?)
                do {
                    agreed = try handshake.verify(
                        status: 101,
                        headers: answer.head.headers.map { (name: $0.name, value: $0.value) }
                    )
                } catch {
                    throw ClientConnectionError.handshake(reason: "\(error)")
                }
                guard let handler else { throw ClientConnectionError.closed }
                begin(on: channel, agreed.subprotocol, agreed.deflate, attach, replacing: handler, promise)
            } catch {
                promise.fail(error)
            }
        }
        handler = request
        try request.begin(on: channel)
    }

    private func begin<End: Sendable>(
        on channel: any Channel,
        _ subprotocol: String?,
        _ deflate: PerMessageDeflate?,
        _ attach: @Sendable (any EventLoop) -> (any WebSocketDelegate, End),
        replacing request: ClientRequestHandler,
        _ promise: EventLoopPromise<(ClientSocket, End)>
    ) {
        let loop = channel.eventLoop
        var settings = WebSocketOptions()
        settings.delivery = options.streamsMessages ? .streamed : .whole
        settings.pingInterval = options.pingInterval
        settings.silenceTimeout = options.pingInterval * 2
        settings.closeTimeout = .seconds(15)
        let (delegate, end) = attach(loop)
        let socket = WebSocketHandler(
            role: .client,
            limits: WebSocketLimits(maxMessage: options.streamsMessages ? .max : options.maximumMessage),
            deflate: deflate,
            options: settings,
            delegate: delegate
        )
        let opened = ClientSocket(
            loop: loop,
            handler: NIOLoopBound(socket, eventLoop: loop),
            subprotocol: subprotocol
        )
        request.end(on: channel, next: socket) { error in
            if let error { promise.fail(error) } else { promise.succeed((opened, end)) }
        }
    }

    private func explain(_ error: any Error) -> String {
        guard let error = error as? NIOConnectionError else { return "\(error)" }
        guard let last = error.connectionErrors.last?.error else { return "the name cannot be resolved" }
        return (last as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(last)"
    }
}

/// The near end of an open connection.
package struct ClientSocket: Sendable {
    /// Where the connection lives.
    package let loop: any EventLoop
    /// Sends and closes; on `loop` only.
    package let handler: NIOLoopBound<WebSocketHandler>
    /// The subprotocol that the server chose.
    let subprotocol: String?
}
