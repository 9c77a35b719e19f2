import NIOCore
import Topics
import WebSocket

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
        let subscription = shard.subscribe(self, format: format, since: since)
        // The first write may have found the connection broken, and this is over by now.
        if socket == nil { subscription.cancel() } else { self.subscription = subscription }
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
