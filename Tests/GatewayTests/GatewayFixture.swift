import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Synchronization
import Testing
import Topics
import WebSocket

@testable import Gateway

/// A gateway on one event loop that runs in the test's thread, with one poll route and one channel route.
final class GatewayFixture {
    let loop = EmbeddedEventLoop()
    let registry = TopicRegistry()
    let metrics = TopicMetrics()
    let gateway: GatewayLoop
    let rooms: GatewayRoute
    private let source = ToldSource()
    private let topics: LoopTopics

    init() {
        let rooms = GatewayRoute(
            pattern: RoutePattern(text: "/rooms/{room}", segments: [.literal("rooms"), .parameter("room")]),
            origins: .any,
            service: .channel(ChannelService())
        )
        self.rooms = rooms
        gateway = GatewayLoop(
            loop: loop,
            settings: GatewaySettings(usesIOUring: false),
            router: RouteTable([rooms]),
            registry: registry,
            rooms: RoomRegistry(),
            metrics: GatewayMetrics(),
            ledger: ConnectionLedger(maximum: 100, maximumPerAddress: 100),
            accessLog: nil,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        topics = gateway.topics
    }

    /// A topic that has a document.
    func shard() throws -> TopicShard {
        let source = source
        let blueprint = TopicBlueprint(
            key: TopicKey(route: "/t", name: "/t"),
            settings: TopicSettings(),
            metrics: metrics,
            makeSource: { source }
        )
        let shard = try topics.shard(for: blueprint)
        if shard.revision == nil {
            let answer = SourceAnswer(
                body: Array(#"{"a":1}"#.utf8),
                contentType: "application/json",
                receivedAt: .now,
                receivedAtMilliseconds: 1
            )
            _ = try #require(source.topic).received(answer)
            loop.run()
            return try self.shard()
        }
        return shard
    }

    func room(_ name: String, _ service: ChannelService) throws -> RoomShard {
        try gateway.rooms.shard(of: name, on: rooms, service)
    }

    func info(_ transport: ConnectionInfo.Transport) -> ConnectionInfo {
        ConnectionInfo(route: "/t", transport: transport, address: "192.0.2.1")
    }

    func version1() -> Version1Session {
        Version1Session(
            gateway: gateway,
            request: ClientRequest(headers: [:], info: info(.version1), query: [], network: nil, isSecure: false),
            scope: .all(maximumSubscriptions: 10)
        )
    }

    /// An open WebSocket on an embedded channel.
    ///
    /// - Parameters:
    ///   - breaksAtFlush: its socket is found broken when something is first written to it.
    ///   - options: of the WebSocket.
    @discardableResult
    func connect(
        _ delegate: any WebSocketDelegate,
        breaksAtFlush: Bool = false,
        options: WebSocketOptions = WebSocketOptions()
    ) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(loop: loop)
        let handler = WebSocketHandler(role: .server, options: options, timers: gateway.timers, delegate: delegate)
        if breaksAtFlush { try channel.pipeline.syncOperations.addHandler(BrokenSocket()) }
        try channel.pipeline.syncOperations.addHandler(handler)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return channel
    }
}

/// Says that the connection is broken where the kernel would: within a flush.
private final class BrokenSocket: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    func flush(context: ChannelHandlerContext) {
        context.fireChannelInactive()
    }
}

private final class ToldSource: TopicSource {
    private let state = Mutex<Topic?>(nil)

    var topic: Topic? { state.withLock { $0 } }
    var intervalMilliseconds: Int? { nil }

    func start(delivering topic: Topic) { state.withLock { $0 = topic } }
    func stop() {}
    func refresh() {}
}
