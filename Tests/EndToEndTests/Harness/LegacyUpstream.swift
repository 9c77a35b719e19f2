import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// The legacy endpoint behind poll routes: it answers what its script says, and remembers what it was asked.
final class LegacyUpstream: Sendable {
    struct Request: Sendable {
        let method: String
        let uri: String
        let headers: HTTPHeaders
        let body: String
        let at: ContinuousClock.Instant
    }

    struct Answer: Sendable {
        var status = 200
        var contentType: String? = "application/json"
        var body: [UInt8] = []
        var headers: [(String, String)] = []
        /// Answered with 304 to a request that has it in `If-None-Match`.
        var etag: String?
        var delay = TimeAmount.zero
        /// The request is taken and never answered.
        var isSilent = false
        /// The answer waits until this is opened.
        var gate: Gate?

        static func json(_ text: String, etag: String? = nil) -> Answer {
            Answer(body: Array(text.utf8), etag: etag)
        }

        static func text(_ text: String, type: String = "text/plain; charset=utf-8") -> Answer {
            Answer(contentType: type, body: Array(text.utf8))
        }

        static func failure(_ status: Int) -> Answer {
            Answer(status: status, contentType: "text/html", body: Array("<h1>Trouble</h1>".utf8))
        }

        static let silent = Answer(isSilent: true)
    }

    private struct State {
        var script: @Sendable (Request) -> Answer = { _ in .failure(404) }
        var requests: [Request] = []
        var connections: [ObjectIdentifier: any Channel] = [:]
        var listener: (any Channel)?
        var document = ""
    }

    private final class SharedState: Sendable {
        let value = Mutex(State())
    }

    let port: Int
    private let state: SharedState

    convenience init(_ answer: Answer = .json("{}")) async throws {
        try await self.init { _ in answer }
    }

    init(script: @escaping @Sendable (Request) -> Answer) async throws {
        state = SharedState()
        state.value.withLock { $0.script = script }
        let listener = try await Ports.bind { [state] port in try await Self.listen(port: port, state: state) }
        port = listener.localAddress?.port ?? 0
    }

    deinit {
        state.value.withLock { $0.listener }?.close(promise: nil)
    }

    /// Gives every request the same answer from now on.
    func answer(_ answer: Answer) {
        state.value.withLock { $0.script = { _ in answer } }
    }

    func answer(_ script: @escaping @Sendable (Request) -> Answer) {
        state.value.withLock { $0.script = script }
    }

    /// What a script of its own may keep here.
    var document: String { state.value.withLock { $0.document } }

    func replaceDocument(_ text: String) { state.value.withLock { $0.document = text } }

    func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    /// What it was asked so far.
    var requests: [Request] { state.value.withLock { $0.requests } }

    /// Waits until it was asked so often, from now on, that at least `count` answers were given to what was set before.
    func isAsked(_ count: Int = 2) async throws {
        let goal = requests.count + count
        try await eventually("request \(goal) to the upstream", seen: { "\(self.requests.count)" }) {
            requests.count >= goal
        }
    }

    /// Waits until nothing has been asked for a moment.
    func isQuiet() async throws {
        var last = -1
        while requests.count != last {
            last = requests.count
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    /// Goes away: nobody listens any more, and open connections break.
    func kill() async throws {
        let (listener, connections) = state.value.withLock { state in
            defer { state.listener = nil }
            return (state.listener, Array(state.connections.values))
        }
        try await listener?.close()
        for connection in connections { try? await connection.close() }
    }

    /// Comes back on the same port.
    func restart() async throws {
        _ = try await Self.listen(port: port, state: state)
    }

    private static func listen(port: Int, state: SharedState) async throws -> any Channel {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                state.value.withLock { $0.connections[ObjectIdentifier(channel)] = channel }
                let identifier = ObjectIdentifier(channel)
                channel.closeFuture.whenComplete { _ in
                    state.value.withLock { _ = $0.connections.removeValue(forKey: identifier) }
                }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withPipeliningAssistance: true)
                    try channel.pipeline.syncOperations.addHandler(Handler(state: state))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        state.value.withLock { $0.listener = listener }
        return listener
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let state: SharedState
        private var head: HTTPRequestHead?
        private var body = ByteBuffer()

        init(state: SharedState) {
            self.state = state
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body = ByteBuffer()
            case .body(var part):
                body.writeBuffer(&part)
            case .end:
                guard let head else { return }
                let request = Request(
                    method: head.method.rawValue,
                    uri: head.uri,
                    headers: head.headers,
                    body: String(buffer: body),
                    at: .now
                )
                let script = state.value.withLock { state in
                    state.requests.append(request)
                    return state.script
                }
                let answer = script(request)
                guard !answer.isSilent else { return }
                if let gate = answer.gate {
                    gate.whenOpen(on: context.eventLoop) { self.write(answer, to: request, context: context) }
                    return
                }
                context.eventLoop.assumeIsolated().scheduleTask(in: answer.delay) {
                    self.write(answer, to: request, context: context)
                }
            }
        }

        private func write(_ answer: Answer, to request: Request, context: ChannelHandlerContext) {
            guard context.channel.isActive else { return }
            var headers = HTTPHeaders(answer.headers)
            if let etag = answer.etag { headers.add(name: "ETag", value: etag) }
            let isKnown = answer.etag.map { request.headers["If-None-Match"].contains($0) } ?? false
            if !isKnown {
                if let type = answer.contentType { headers.add(name: "Content-Type", value: type) }
                headers.add(name: "Content-Length", value: String(answer.body.count))
            }
            let status = HTTPResponseStatus(statusCode: isKnown ? 304 : answer.status)
            context.write(
                wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))),
                promise: nil
            )
            if !isKnown {
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
            }
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
