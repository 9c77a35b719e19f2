import NIOCore
import NIOPosix
import Synchronization

/// An HTTP upstream that answers each request with what its script says, byte for byte.
final class ScriptedServer: Sendable {
    struct Request: Sendable {
        /// 1 for the first of the server, in the order received.
        var number: Int
        /// 1 for the first connection.
        var connection: Int
        var method: String
        var path: String
        /// Names in lower case.
        var headers: [String: String]
        var body: String
        var at: ContinuousClock.Instant
    }

    enum Action: Sendable {
        case send([UInt8])
        case pause(milliseconds: Int64)
        case close
    }

    private struct State {
        var requests: [Request] = []
        var connections = 0
        var inFlight = 0
        var mostInFlight = 0
        var channels: [ObjectIdentifier: any Channel] = [:]
    }

    let port: Int
    private let listener: any Channel
    private let state: SharedState

    private final class SharedState: Sendable {
        let value = Mutex(State())
        let script: @Sendable (Request) -> [Action]

        init(script: @escaping @Sendable (Request) -> [Action]) { self.script = script }
    }

    /// `greeting` is sent on every connection before anything is asked.
    init(port: Int = 0, greeting: String? = nil, script: @escaping @Sendable (Request) -> [Action]) async throws {
        let state = SharedState(script: script)
        self.state = state
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                let number = state.value.withLock { state in
                    state.connections += 1
                    state.channels[ObjectIdentifier(channel)] = channel
                    return state.connections
                }
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Connection(number: number, state: state))
                    if let greeting { channel.writeAndFlush(ByteBuffer(string: greeting), promise: nil) }
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        self.port = listener.localAddress?.port ?? 0
    }

    func url(_ path: String = "/") -> String { "http://127.0.0.1:\(port)\(path)" }

    var requests: [Request] { state.value.withLock { $0.requests } }
    var connections: Int { state.value.withLock { $0.connections } }
    var mostInFlight: Int { state.value.withLock { $0.mostInFlight } }

    /// Closes the listener and every connection.
    func stop() async {
        try? await listener.close()
        let channels = state.value.withLock { Array($0.channels.values) }
        for channel in channels { try? await channel.close() }
    }

    private final class Connection: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let number: Int
        private let state: SharedState
        private var received: [UInt8] = []

        init(number: Int, state: SharedState) {
            self.number = number
            self.state = state
        }

        func channelInactive(context: ChannelHandlerContext) {
            let identifier = ObjectIdentifier(context.channel)
            state.value.withLock { _ = $0.channels.removeValue(forKey: identifier) }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received.append(contentsOf: unwrapInboundIn(data).readableBytesView)
            while let request = nextRequest() {
                let request = state.value.withLock { state in
                    var request = request
                    request.number = state.requests.count + 1
                    state.requests.append(request)
                    state.inFlight += 1
                    state.mostInFlight = max(state.mostInFlight, state.inFlight)
                    return request
                }
                play(state.script(request)[...], context: context)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        private func play(_ actions: ArraySlice<Action>, context: ChannelHandlerContext) {
            var actions = actions
            while let action = actions.popFirst() {
                switch action {
                case .send(let bytes):
                    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
                case .close:
                    context.close(promise: nil)
                case .pause(let milliseconds):
                    let rest = actions
                    context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(milliseconds)) {
                        self.play(rest, context: context)
                    }
                    return
                }
            }
            state.value.withLock { $0.inFlight -= 1 }
        }

        private func nextRequest() -> Request? {
            guard let end = received.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
            let lines = String(decoding: received[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                guard let name = parts.first else { continue }
                headers[name.lowercased()] = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
            }
            let length = headers["content-length"].flatMap(Int.init) ?? 0
            guard received.count >= end.upperBound + length else { return nil }
            let body = String(decoding: received[end.upperBound..<(end.upperBound + length)], as: UTF8.self)
            received.removeFirst(end.upperBound + length)
            let start = lines[0].split(separator: " ")
            return Request(
                number: 0,
                connection: number,
                method: String(start[0]),
                path: String(start[1]),
                headers: headers,
                body: body,
                at: .now
            )
        }
    }
}

extension [ScriptedServer.Action] {
    /// A whole answer on a connection that stays open.
    static func answer(
        _ body: String = "",
        status: String = "200 OK",
        _ headers: [String] = [],
        after milliseconds: Int64 = 0
    ) -> Self {
        let hasBody = !status.hasPrefix("304") && !status.hasPrefix("204")
        let lines = ["HTTP/1.1 \(status)"] + headers + (hasBody ? ["Content-Length: \(body.utf8.count)"] : [])
        let text = lines.joined(separator: "\r\n") + "\r\n\r\n" + (hasBody ? body : "")
        return (milliseconds > 0 ? [.pause(milliseconds: milliseconds)] : []) + [.send([UInt8](text.utf8))]
    }

    static func raw(_ text: String) -> Self { [.send([UInt8](text.utf8))] }
}
