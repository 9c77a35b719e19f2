import Access
import NIOCore
import NIOHTTP1
import Topics
import WebSocket

/// A client that speaks `pushbridge.v1`, on a poll or channel route (one topic) or on a multiplex route (many).
///
/// Belongs to one event loop. While the client does not read, it is not read from either.
final class Version1Session: WebSocketConnection, SubscriberSink {
    static let subprotocol = "pushbridge.v1"

    /// Which topics the connection may use.
    enum Scope {
        /// Only the one of its route.
        case topic(String)
        /// Those of all routes, so many at once.
        case all(maximumSubscriptions: Int)
    }

    /// A topic that the client has.
    private enum Held {
        case poll(Subscription, TopicSender?)
        case room(Version1RoomMember)
    }

    private let gateway: GatewayLoop
    private let request: ClientRequest
    private let scope: Scope
    private(set) var socket: WebSocketHandler?
    private var held: [String: Held] = [:]
    /// Whether access rules are asked about a subscription. The messages behind it wait, so that they stay in order.
    private var isDeciding = false
    private var waiting: [Version1Message] = []

    init(gateway: GatewayLoop, request: ClientRequest, scope: Scope) {
        self.gateway = gateway
        self.request = request
        self.scope = scope
    }

    /// The topic of a poll route is subscribed at once.
    func begin(
        _ shard: TopicShard,
        service: PollService,
        parameters: [String: String],
        target: RequestTarget,
        mode: DeliveryMode,
        since: VersionID?
    ) {
        guard socket != nil else { return }
        let sender = service.sender(
            topic: shard.topic,
            target: target,
            parameters: parameters,
            headers: request.headers,
            loop: gateway
        )
        subscribe(shard, mode: mode, since: since, maximumRate: nil, sender: sender)
    }

    /// The room of a channel route is entered at once.
    func begin(_ service: ChannelService, room: String) {
        guard socket != nil else { return }
        held[room] = .room(Version1RoomMember(service: service, room: room, session: self, gateway: gateway))
    }

    private func subscribe(
        _ shard: TopicShard,
        mode: DeliveryMode,
        since: VersionID?,
        maximumRate: Double?,
        sender: TopicSender?
    ) {
        let format = DeliveryFormat(mode: mode, envelope: .version1, compression: .init(socket?.deflate))
        let name = shard.topic.key.name
        let subscription = shard.subscribe(self, format: format, since: since, maximumRate: maximumRate)
        // The old one ends after the new one has begun, so that the topic does not fall asleep in between.
        end(held.updateValue(.poll(subscription, sender), forKey: name))
    }

    func uses(_ routes: Set<String>) -> Bool {
        held.keys.contains { name in
            guard let target = RequestTarget(name), let (route, _) = gateway.router.route(for: target.segments)
            else { return false }
            return routes.contains(route.pattern.text)
        }
    }

    // MARK: SubscriberSink

    var isReady: Bool { canTakeMore }

    func deliver(_ delivery: Delivery) {
        write(delivery.body)
    }

    // MARK: WebSocketDelegate

    func webSocketOpened(_ socket: WebSocketHandler) {
        self.socket = socket
        gateway.opened(self, request.info)
    }

    func webSocket(_ socket: WebSocketHandler, message: ByteBuffer, opcode: Opcode) {
        guard opcode == .text else {
            socket.close(code: .unsupportedData, reason: "pushbridge.v1 messages are text")
            return
        }
        do {
            let message = try Version1Message(Array(message.readableBytesView))
            if isDeciding {
                waiting.append(message)
            } else {
                try handle(message)
            }
        } catch {
            report(error)
        }
    }

    func webSocketWritabilityChanged(_ socket: WebSocketHandler, isWritable: Bool) {
        guard isWritable else {
            socket.pauseReading()
            return
        }
        if !isDeciding { socket.resumeReading() }
        for case .poll(let subscription, _) in held.values { subscription.sinkBecameReady() }
    }

    func webSocketClosed(_ socket: WebSocketHandler, _ closure: WebSocketClosure) {
        self.socket = nil
        waiting = []
        let all = held.values
        held = [:]
        for one in all { end(one) }
        gateway.closed(self, ConnectionEnd(socket, closure))
    }

    private func end(_ topic: Held?) {
        switch topic {
        case nil: break
        case .poll(let subscription, _): subscription.cancel()
        case .room(let member): member.leave()
        }
    }

    // MARK: Messages

    private func handle(_ message: Version1Message) throws {
        switch message.body {
        case .ping:
            reply(ByteBuffer(string: #"{"type":"pong"}"#))
        case .subscribe(let topic, let mode, let since, let maximumRate):
            answering(topic, message.reference) { () throws(Problem) in
                let found = try resolve(topic)
                let begin = { [self] () throws(Problem) in
                    try subscribe(topic, found, mode: mode, since: since, maximumRate: maximumRate)
                }
                // The connection itself has been judged by its own route's rules.
                guard case .all = scope, let judge = found.route.access else {
                    try begin()
                    return
                }
                decide(judge, found.target, topic) { decision in
                    self.answering(topic, message.reference) { () throws(Problem) in
                        if case .denied(let denial) = decision { throw Problem(denial) }
                        try begin()
                    }
                }
            }
        case .unsubscribe(let topic):
            let name = held[topic] == nil ? (try? name(of: topic)) ?? topic : topic
            guard let subscribed = held.removeValue(forKey: name) else {
                reply(Version1Answer.error(404, "not subscribed", topic: topic, reference: message.reference))
                return
            }
            end(subscribed)
            reply(Version1Answer.unsubscribed(topic))
        case .send(let topic, let data):
            answering(topic, message.reference) { () throws(Problem) in
                try send(data, to: topic, reference: message.reference)
            }
        }
    }

    /// Tells the client of what goes wrong with a message of its own.
    private func answering(_ topic: String, _ reference: [UInt8]?, _ action: () throws(Problem) -> Void) {
        do throws(Problem) {
            try action()
        } catch {
            reply(Version1Answer.error(Int(error.status.code), error.detail, topic: topic, reference: reference))
        }
    }

    private func report(_ error: any Error) {
        switch error {
        case let mistake as Version1Message.Mistake:
            reply(Version1Answer.error(400, mistake.reason, topic: nil, reference: mistake.reference))
        default:
            reply(Version1Answer.error(500, "\(error)", topic: nil, reference: nil))
        }
    }

    // MARK: Access

    /// Asks the rules of a topic's route, by what the client showed in its handshake or shows in the topic's query.
    /// Nothing that the client sends meanwhile is looked at before.
    private func decide(
        _ judge: any AccessJudge,
        _ target: RequestTarget,
        _ topic: String,
        _ then: @escaping (AccessDecision) -> Void
    ) {
        isDeciding = true
        socket?.pauseReading()
        judge.decide(request.access(to: target, topic), on: gateway.loop).whenSuccess { decision in
            self.isDeciding = false
            guard let socket = self.socket else { return }
            switch decision {
            case .admitted(let identity):
                if let time = identity.expiresAt { self.gateway.expire(self, at: time) }
            case .denied(let denial):
                self.gateway.report(denial, path: target.rawPath, address: self.request.info.address)
            }
            then(decision)
            while !self.isDeciding, !self.waiting.isEmpty {
                do {
                    try self.handle(self.waiting.removeFirst())
                } catch {
                    self.report(error)
                }
            }
            if !self.isDeciding, socket.isWritable { socket.resumeReading() }
        }
    }

    private func subscribe(
        _ topic: String,
        _ found: Resolved,
        mode: String?,
        since: String?,
        maximumRate: Double?
    ) throws(Problem) {
        let (route, parameters, target) = found
        switch route.service {
        case .poll(let service):
            let mode = try service.mode(mode, standard: .patch)
            let shard = try service.shard(
                target: target,
                parameters: parameters,
                headers: request.headers,
                loop: gateway
            )
            try checkRoom(for: shard.topic.key.name)
            let sender = service.sender(
                topic: shard.topic,
                target: target,
                parameters: parameters,
                headers: request.headers,
                loop: gateway
            )
            subscribe(
                shard,
                mode: mode,
                since: since.flatMap { VersionID(text: $0) },
                maximumRate: maximumRate,
                sender: sender
            )
        case .channel(let service):
            let name = ChannelService.roomName(target)
            try checkRoom(for: name)
            guard held[name] == nil else { throw .badRequest("already subscribed") }
            held[name] = .room(Version1RoomMember(service: service, room: name, session: self, gateway: gateway))
        case .tunnel, .multiplex, .files, .endpoint:
            throw .badRequest("this path is no topic")
        }
    }

    private func send(_ data: Version1Message.Data, to topic: String, reference: [UInt8]?) throws(Problem) {
        let name = held[topic] == nil ? try name(of: topic) : topic
        switch held[name] {
        case .room(let member):
            try member.publish(data)
        case .poll(_, let sender?):
            let isAccepted = sender.send(sender.body(of: data)) { [weak self] result in
                switch result {
                case .success(let answer):
                    self?.reply(Version1Answer.sent(answer, reference: reference))
                case .failure(let failure):
                    self?.reply(
                        Version1Answer.error(failure.gatewayStatus, failure.reason, topic: topic, reference: reference)
                    )
                }
            }
            if !isAccepted { throw Problem(status: .tooManyRequests, detail: "too many messages wait already") }
        case .poll(_, nil):
            throw .methodNotAllowed(allow: "subscribe only: the route has no send")
        case nil:
            throw Problem(status: .conflict, detail: "subscribe to the topic before sending to it")
        }
    }

    private func checkRoom(for name: String) throws(Problem) {
        guard case .all(let maximum) = scope, held[name] == nil, held.count >= maximum else { return }
        throw Problem(
            status: .tooManyRequests,
            detail: "a connection may have \(maximum) subscriptions (maxSubscriptions)"
        )
    }

    /// The topic's name as the bridge writes it, which may differ from the client's in escapes or query order.
    private func name(of topic: String) throws(Problem) -> String {
        let (route, parameters, target) = try resolve(topic)
        switch route.service {
        case .poll(let service):
            return try service.blueprint(
                target: target,
                parameters: parameters,
                headers: request.headers
            ).key.name
        default:
            return ChannelService.roomName(target)
        }
    }

    private typealias Resolved = (route: GatewayRoute, parameters: [String: String], target: RequestTarget)

    private func resolve(_ topic: String) throws(Problem) -> Resolved {
        guard let target = RequestTarget(topic) else { throw .badRequest("a topic is a path, such as /scores/premier") }
        guard let (route, parameters) = gateway.router.route(for: target.segments) else { throw .notFound }
        guard route.origins.allows(origin: request.origin, host: request.host) else {
            throw Problem(status: .forbidden, detail: "pages of this origin may not subscribe")
        }
        if case .topic(let own) = scope, RequestTarget(own)?.segments != target.segments {
            throw Problem(status: .forbidden, detail: "this connection is for \(own); a multiplex route takes many")
        }
        return (route, parameters, target)
    }

    private func reply(_ message: ByteBuffer) {
        socket?.sendText(message)
    }
}
