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
        /// Only the one of its route, by its name as the bridge writes it.
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
    /// Whether access rules are asked about a subscription. Nothing is read meanwhile, so that all stays in order.
    private var isDeciding = false
    /// Of the topics that have messages on their way, subscribed or not: a topic that is subscribed anew goes on with
    /// its own, so that nothing overtakes.
    private var busySenders: [String: TopicSender] = [:]
    private lazy var sendAllowance = SendAllowance(largestMessage: gateway.settings.maximumMessage)
    private lazy var rates = RoomRates()

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
        let sender = sender(to: shard.topic, of: service, parameters: parameters, target: target)
        subscribe(shard, mode: mode, since: since, maximumRate: nil, sender: sender)
    }

    /// The room of a channel route is entered at once.
    func begin(_ service: ChannelService, room: RoomShard) {
        guard socket != nil else { return }
        enter(room, of: service)
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
        // The first write may have found the connection broken: it has ended then, and gave back what it had by that time.
        guard socket != nil else {
            subscription.cancel()
            return
        }
        // The old one ends after the new one has begun, so that the topic does not fall asleep in between.
        end(held.updateValue(.poll(subscription, sender), forKey: name))
    }

    private func enter(_ room: RoomShard, of service: ChannelService) {
        let member = Version1RoomMember(service: service, session: self, rates: rates)
        member.enter(room)
        // As above.
        guard socket != nil else {
            member.leave()
            return
        }
        held[room.room.name] = .room(member)
    }

    private func sender(
        to topic: Topic,
        of service: PollService,
        parameters: [String: String],
        target: RequestTarget
    ) -> TopicSender? {
        guard service.send != nil else { return nil }
        if let busy = busySenders[topic.key.name] { return busy }
        return service.sender(
            topic: topic,
            target: target,
            parameters: parameters,
            headers: request.headers,
            allowance: sendAllowance,
            loop: gateway
        )
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
            socket.dismiss(code: .unsupportedData, reason: "pushbridge.v1 messages are text")
            return
        }
        // What waits behind the decision comes here only where the connection has been lost meanwhile.
        guard !isDeciding else { return }
        do throws(Version1Message.Mistake) {
            handle(try Version1Message(Array(message.readableBytesView)))
        } catch {
            reply(Version1Answer.error(400, error.reason, topic: nil, reference: error.reference))
        }
    }

    func webSocketWritabilityChanged(_ socket: WebSocketHandler, isWritable: Bool) {
        guard isWritable else {
            socket.pauseReading(isPeersDoing: !isDeciding)
            return
        }
        if !isDeciding { socket.resumeReading() }
        for case .poll(let subscription, _) in held.values { subscription.sinkBecameReady() }
    }

    func webSocketClosed(_ socket: WebSocketHandler, _ closure: WebSocketClosure) {
        self.socket = nil
        busySenders = [:]
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

    private func handle(_ message: Version1Message) {
        switch message.body {
        case .ping:
            reply(ByteBuffer(string: #"{"type":"pong"}"#))
        case .subscribe(let topic, let mode, let since, let maximumRate):
            answering(topic, message.reference) { () throws(Problem) in
                let found = try resolve(topic)
                let begin = { [self] () throws(Problem) in
                    try subscribe(found, mode: mode, since: since, maximumRate: maximumRate)
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
            let name = held[topic] == nil ? (try? resolve(topic).name) ?? topic : topic
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
            guard self.socket != nil else { return }
            switch decision {
            case .admitted(let identity):
                if let time = identity.expiresAt { self.gateway.expire(self, at: time) }
            case .denied(let denial):
                self.gateway.report(denial, path: target.rawPath, address: self.request.info.address)
            }
            then(decision)
            // What was written may have let the next message in, about which rules are asked by now.
            guard !self.isDeciding, let socket = self.socket else { return }
            if socket.isWritable { socket.resumeReading() } else { socket.pauseReading(isPeersDoing: true) }
        }
    }

    private func subscribe(
        _ found: Resolved,
        mode: String?,
        since: String?,
        maximumRate: Double?
    ) throws(Problem) {
        switch found.route.service {
        case .poll(let service):
            let mode = try service.mode(mode, standard: .patch)
            let shard = try service.shard(
                target: found.target,
                parameters: found.parameters,
                headers: request.headers,
                loop: gateway
            )
            try checkRoom(for: found.name)
            let sender = sender(to: shard.topic, of: service, parameters: found.parameters, target: found.target)
            subscribe(
                shard,
                mode: mode,
                since: since.flatMap { VersionID(text: $0) },
                maximumRate: maximumRate,
                sender: sender
            )
        case .channel(let service):
            try checkRoom(for: found.name)
            guard held[found.name] == nil else { throw .badRequest("already subscribed") }
            enter(try gateway.rooms.shard(of: found.name, on: found.route, service), of: service)
        case .tunnel, .multiplex, .files, .endpoint:
            throw Self.isNoTopic
        }
    }

    private func send(_ data: Version1Message.Data, to topic: String, reference: [UInt8]?) throws(Problem) {
        let name = held[topic] == nil ? try resolve(topic).name : topic
        switch held[name] {
        case .room(let member):
            try member.publish(data)
        case .poll(_, let sender?):
            let isAccepted = sender.send(sender.body(of: data)) { [weak self] result in
                self?.answered(result, of: name, as: topic, reference: reference)
            }
            guard isAccepted else {
                throw Problem(status: .tooManyRequests, detail: "too many messages wait already")
            }
            busySenders[name] = sender
        case .poll(_, nil):
            throw .methodNotAllowed(allow: "subscribe only: the route has no send")
        case nil:
            throw Problem(status: .conflict, detail: "subscribe to the topic before sending to it")
        }
    }

    private func answered(
        _ result: Result<SendAnswer, SourceFailure>,
        of name: String,
        as topic: String,
        reference: [UInt8]?
    ) {
        if busySenders[name]?.isBusy == false { busySenders[name] = nil }
        switch result {
        case .success(let answer):
            reply(Version1Answer.sent(answer, reference: reference))
        case .failure(let failure):
            reply(Version1Answer.error(failure.gatewayStatus, failure.reason, topic: topic, reference: reference))
        }
    }

    private func checkRoom(for name: String) throws(Problem) {
        guard case .all(let maximum) = scope, held[name] == nil, held.count >= maximum else { return }
        throw Problem(
            status: .tooManyRequests,
            detail: "a connection may have \(maximum) subscriptions (maxSubscriptions)"
        )
    }

    /// What a client means by a topic.
    private struct Resolved {
        let route: GatewayRoute
        let parameters: [String: String]
        let target: RequestTarget
        /// As the bridge writes it, which may differ from the client's in escapes or query order.
        let name: String
    }

    private static let isNoTopic = Problem.badRequest("this path is no topic")

    private func resolve(_ topic: String) throws(Problem) -> Resolved {
        guard let target = RequestTarget(topic) else { throw .badRequest("a topic is a path, such as /scores/premier") }
        guard let (route, parameters) = gateway.router.route(for: target.segments) else { throw .notFound }
        guard route.origins.allows(origin: request.origin, host: request.host) else {
            throw Problem(status: .forbidden, detail: "pages of this origin may not subscribe")
        }
        let name: String
        switch route.service {
        case .poll(let service):
            name = try service.blueprint(target: target, parameters: parameters, headers: request.headers).key.name
        case .channel:
            name = try ChannelService.roomName(target)
        case .tunnel, .multiplex, .files, .endpoint:
            throw Self.isNoTopic
        }
        // Whole names: a right to one document of a route is none to another.
        if case .topic(let own) = scope, own != name {
            throw Problem(status: .forbidden, detail: "this connection is for \(own); a multiplex route takes many")
        }
        return Resolved(route: route, parameters: parameters, target: target, name: name)
    }

    private func reply(_ message: ByteBuffer) {
        socket?.sendText(message)
    }
}
