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
                    allowance: SendAllowance(largestMessage: exchange.loop.settings.maximumMessage),
                    loop: exchange.loop
                )
            )
        }
    }
}
