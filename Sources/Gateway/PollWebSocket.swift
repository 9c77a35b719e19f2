import NIOCore
import NIOHTTP1
import Topics
import WebSocket

/// The WebSocket transports of a poll route: bare documents, CloudEvents, or the messages of `pushbridge.v1`.
struct PollWebSocket {
    let service: PollService

    func answer(_ exchange: HTTPExchange) throws(Problem) {
        let acceptance = try WebSocketAcceptance(
            exchange,
            subprotocols: [Version1Session.subprotocol, CloudEvent.subprotocol],
            compression: service.compression
        )
        let isVersion1 = acceptance.subprotocol == Version1Session.subprotocol
        let mode = try service.mode(exchange.target.query("mode"), standard: isVersion1 ? .patch : .snapshot)
        let since = exchange.target.query("since").flatMap { VersionID(text: $0) }
        let shard = try service.shard(for: exchange)
        let limits = WebSocketLimits(maxMessage: exchange.loop.settings.maximumMessage)
        if isVersion1 {
            let session = Version1Session(
                gateway: exchange.loop,
                request: ClientRequest(exchange),
                scope: .topic(shard.topic.key.name)
            )
            exchange.upgrade(
                acceptance,
                limits: limits,
                options: exchange.loop.settings.webSocketOptions,
                delegate: session
            )
            session.begin(
                shard,
                service: service,
                parameters: exchange.parameters,
                target: exchange.target,
                mode: mode,
                since: since
            )
        } else {
            let isCloudEvents = acceptance.subprotocol == CloudEvent.subprotocol
            let subscriber = DocumentSubscriber(
                gateway: exchange.loop,
                info: ConnectionInfo(exchange, transport: isCloudEvents ? .cloudEvents : .webSocket)
            )
            exchange.upgrade(
                acceptance,
                limits: limits,
                options: exchange.loop.settings.webSocketOptions,
                delegate: subscriber
            )
            subscriber.begin(
                shard,
                format: DeliveryFormat(
                    mode: mode,
                    envelope: isCloudEvents ? .cloudEvents : .bare,
                    compression: .init(acceptance.deflate)
                ),
                since: since,
                sender: service.sender(
                    topic: shard.topic,
                    target: exchange.target,
                    parameters: exchange.parameters,
                    headers: exchange.head.headers,
                    loop: exchange.loop
                )
            )
        }
    }
}

/// A client that gets one topic's documents and changes, as they are or as CloudEvents. Belongs to one event loop.
final class DocumentSubscriber: WebSocketConnection, SubscriberSink {
    private let gateway: GatewayLoop
    private let info: ConnectionInfo
    private(set) var socket: WebSocketHandler?
    private var subscription: Subscription?
    private var sender: TopicSender?

    init(gateway: GatewayLoop, info: ConnectionInfo) {
        self.gateway = gateway
        self.info = info
    }

    func begin(_ shard: TopicShard, format: DeliveryFormat, since: VersionID?, sender: TopicSender?) {
        guard socket != nil else { return }
        self.sender = sender
        subscription = shard.subscribe(self, format: format, since: since)
    }

    // MARK: SubscriberSink

    var isReady: Bool { canTakeMore }

    func deliver(_ delivery: Delivery) {
        write(delivery.body)
    }

    // MARK: WebSocketDelegate

    func webSocketOpened(_ socket: WebSocketHandler) {
        self.socket = socket
        gateway.opened(self, info)
    }

    func webSocket(_ socket: WebSocketHandler, message: ByteBuffer, opcode: Opcode) {
        // There is no word for the answer: the change that it makes comes as a version.
        sender?.send(Array(message.readableBytesView)) { _ in }
    }

    func webSocketWritabilityChanged(_ socket: WebSocketHandler, isWritable: Bool) {
        if isWritable { subscription?.sinkBecameReady() }
    }

    func webSocketClosed(_ socket: WebSocketHandler, _ closure: WebSocketClosure) {
        subscription?.cancel()
        subscription = nil
        self.socket = nil
        gateway.closed(self, ConnectionEnd(socket, closure))
    }
}
