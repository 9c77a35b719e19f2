import NIOCore
import NIOHTTP1
import Topics
import WebSocket

/// What a request says about the topic that it wants.
package struct TopicRequest: Sendable {
    /// Values of the path's parameters, percent-decoded.
    package let parameters: [String: String]
    /// Those of the query's parameters that the route passes on, in the route's order.
    package let query: [(name: String, value: String)]
    /// Those of the headers that the route passes on, in the route's order.
    package let forwarded: [(name: String, value: String)]

    package init(
        parameters: [String: String] = [:],
        query: [(name: String, value: String)] = [],
        forwarded: [(name: String, value: String)] = []
    ) {
        self.parameters = parameters
        self.query = query
        self.forwarded = forwarded
    }
}

/// The poll route: one path, four transports, one shared state.
package struct PollService: Sendable {
    /// Names of query parameters that are part of the topic.
    package let queryNames: [String]
    /// Names of headers that are part of the topic's identity.
    package let forwardedHeaders: [String]
    /// How messages go to WebSocket clients that offer compression.
    package let compression: CompressionPolicy
    /// Whether the route has keyed arrays, without which there are no events.
    package let hasKeyedArrays: Bool
    /// Of all the route's topics.
    package let metrics: TopicMetrics
    /// Takes clients' messages to the upstream; nil where the route has no `send`.
    package let send: SendFunction?
    /// nil where a parameter has a value that the route does not know: 404, and nothing is fetched.
    package let blueprint: @Sendable (TopicRequest) -> TopicBlueprint?

    package init(
        queryNames: [String] = [],
        forwardedHeaders: [String] = [],
        compression: CompressionPolicy = .shared,
        hasKeyedArrays: Bool = false,
        metrics: TopicMetrics,
        send: SendFunction? = nil,
        blueprint: @escaping @Sendable (TopicRequest) -> TopicBlueprint?
    ) {
        self.queryNames = queryNames
        self.forwardedHeaders = forwardedHeaders
        self.compression = compression
        self.hasKeyedArrays = hasKeyedArrays
        self.metrics = metrics
        self.send = send
        self.blueprint = blueprint
    }

    func answer(_ exchange: HTTPExchange) throws(Problem) {
        switch exchange.head.method {
        case .OPTIONS:
            try answerOptions(exchange)
        case .GET where exchange.asksForWebSocket, .CONNECT where exchange.asksForWebSocket:
            try PollWebSocket(service: self).answer(exchange)
        case .GET where exchange.accepts("text/event-stream"):
            try answerEventStream(exchange)
        case .GET, .HEAD:
            try answerDocument(exchange)
        default:
            throw .methodNotAllowed(allow: "GET, HEAD, OPTIONS")
        }
    }

    // MARK: Topics

    private func topicRequest(
        target: RequestTarget,
        parameters: [String: String],
        headers: HTTPHeaders
    ) -> TopicRequest {
        TopicRequest(
            parameters: parameters,
            query: queryNames.flatMap { name in target.query.filter { $0.name == name } },
            forwarded: forwardedHeaders.flatMap { name in headers[name].map { (name: name, value: $0) } }
        )
    }

    /// What takes a client's messages to the upstream; nil where the route has no `send`.
    func sender(
        topic: Topic,
        target: RequestTarget,
        parameters: [String: String],
        headers: HTTPHeaders,
        allowance: SendAllowance,
        loop: GatewayLoop
    ) -> TopicSender? {
        send.map {
            TopicSender(
                request: topicRequest(target: target, parameters: parameters, headers: headers),
                function: $0,
                topic: topic,
                allowance: allowance,
                loop: loop.loop
            )
        }
    }

    /// The topic that a request means, whether it lives or not.
    ///
    /// - Throws: 404, and 414 for a name that is too long.
    func blueprint(
        target: RequestTarget,
        parameters: [String: String],
        headers: HTTPHeaders
    ) throws(Problem) -> TopicBlueprint {
        guard let found = blueprint(topicRequest(target: target, parameters: parameters, headers: headers)) else {
            throw .notFound
        }
        guard found.key.name.utf8.count <= Self.maximumName else {
            throw Problem(
                status: .uriTooLong,
                detail: "the name of a document, with what the route passes on of its query, has at most "
                    + "\(Self.maximumName) bytes"
            )
        }
        return found
    }

    /// The longest name of a topic, in bytes: whoever asks makes the bridge keep it for as long as the topic lives.
    private static let maximumName = 2048

    /// The loop's part of that topic, which is brought to life where it does not live yet.
    func shard(
        target: RequestTarget,
        parameters: [String: String],
        headers: HTTPHeaders,
        loop: GatewayLoop
    ) throws(Problem) -> TopicShard {
        let blueprint = try blueprint(target: target, parameters: parameters, headers: headers)
        do {
            return try loop.topics.shard(for: blueprint)
        } catch {
            throw .unavailable("\(error)")
        }
    }

    func shard(for exchange: HTTPExchange) throws(Problem) -> TopicShard {
        try shard(
            target: exchange.target,
            parameters: exchange.parameters,
            headers: exchange.head.headers,
            loop: exchange.loop
        )
    }

    /// The `mode` of a request, `standard` where it names none.
    func mode(_ text: String?, standard: DeliveryMode) throws(Problem) -> DeliveryMode {
        guard let text else { return standard }
        guard let mode = DeliveryMode(rawValue: text) else {
            let known = DeliveryMode.allCases.map(\.rawValue).joined(separator: ", ")
            throw .badRequest("there is no mode \(text): it is one of \(known)")
        }
        guard mode != .events || hasKeyedArrays else {
            throw .badRequest("this route has no keyed arrays (keys), so there are no events")
        }
        return mode
    }

    // MARK: One document

    private func answerDocument(_ exchange: HTTPExchange) throws(Problem) {
        let shard = try shard(for: exchange)
        let tags = EntityTagList(exchange.head.headers)
        if let wait = Preferences(exchange.head.headers).wait, let held = tags.version(among: shard.revision) {
            answerLongPoll(exchange, shard: shard, unless: held, wait: wait)
            return
        }
        let waiter = shard.awaitDocument { result in
            switch result {
            case .success(let revision):
                if tags.match(revision.document.id) {
                    exchange.respond(.notModified, headers: self.documentHeaders(revision, shard, exchange))
                } else {
                    self.respond(with: revision, shard: shard, exchange: exchange)
                }
            case .failure(let failure):
                exchange.fail(Problem(failure))
            }
        }
        exchange.onAbandoned = { waiter?.cancel() }
    }

    private func answerLongPoll(_ exchange: HTTPExchange, shard: TopicShard, unless held: VersionID, wait: Int) {
        var timer: Scheduled<Void>?
        var wait =
            exchange.identity.expiresAt.map { min(wait, Int(max(0, ($0 - UnixTime.nowMilliseconds) / 1000))) } ?? wait
        // Nobody would end it.
        if exchange.loop.isDraining { wait = 0 }
        let applied: HTTPHeaders = ["Preference-Applied": "wait=\(wait)"]
        let waiter = shard.awaitDocument(unless: held) { result in
            timer?.cancel()
            // What the client holds is the newest no more: 304 would be a lie.
            exchange.onDrain = nil
            switch result {
            case .success(let revision):
                self.respond(with: revision, shard: shard, exchange: exchange, extraHeaders: applied)
            case .failure(let failure):
                exchange.fail(Problem(failure))
            }
        }
        guard let waiter else { return }
        let giveUp = {
            timer?.cancel()
            waiter.cancel()
            guard let revision = shard.revision else {
                exchange.fail(Problem(status: .gatewayTimeout, detail: "there is no document yet"))
                return
            }
            var headers = self.documentHeaders(revision, shard, exchange)
            headers.add(contentsOf: applied)
            exchange.respond(.notModified, headers: headers)
        }
        timer = exchange.loop.loop.assumeIsolated().scheduleTask(in: .seconds(Int64(wait)), giveUp)
        exchange.onDrain = giveUp
        exchange.onAbandoned = {
            timer?.cancel()
            waiter.cancel()
        }
    }

    private func respond(
        with revision: Revision,
        shard: TopicShard,
        exchange: HTTPExchange,
        extraHeaders: HTTPHeaders = [:]
    ) {
        var headers = documentHeaders(revision, shard, exchange)
        headers.add(name: "Content-Type", value: revision.document.contentType)
        headers.add(contentsOf: extraHeaders)
        if exchange.isHead {
            headers.add(name: "Content-Length", value: String(revision.document.bytes.count))
            exchange.respond(.ok, headers: headers)
        } else if let body = revision.body(copyingUpTo: Self.largestCopyOnLoop) {
            exchange.respond(.ok, headers: headers, body: body)
        } else {
            let bound = NIOLoopBound((exchange, headers), eventLoop: exchange.loop.loop)
            Task {
                let body = revision.makeBody()
                bound.eventLoop.execute {
                    let (exchange, headers) = bound.value
                    exchange.respond(.ok, headers: headers, body: body)
                }
            }
        }
    }

    /// Bytes that are copied in less time than it takes to have another thread copy them.
    private static let largestCopyOnLoop = 64 * 1024

    private func documentHeaders(_ revision: Revision, _ shard: TopicShard, _ exchange: HTTPExchange) -> HTTPHeaders {
        let age = max(0, (UnixTime.nowMilliseconds - shard.topic.confirmedAtMilliseconds) / 1000)
        return [
            "ETag": "\"\(revision.document.id)\"",
            // Asking again costs the backend nothing, so nobody needs to work with an older copy.
            "Cache-Control": cacheControl(exchange),
            "Age": String(age),
            "Link": "<\(exchange.head.uri)>; rel=\"alternate\"; type=\"text/event-stream\"",
            "Vary": (["Accept"] + forwardedHeaders).joined(separator: ", "),
            "X-Pushbridge-State": (shard.status?.state ?? .live).rawValue,
        ]
    }

    /// What one person may see is for no shared cache.
    private func cacheControl(_ exchange: HTTPExchange) -> String {
        exchange.route.knowsPersons ? "private, no-cache" : "no-cache"
    }

    // MARK: Server-sent events

    private func answerEventStream(_ exchange: HTTPExchange) throws(Problem) {
        let mode = try mode(exchange.target.query("mode"), standard: .snapshot)
        let shard = try shard(for: exchange)
        let since =
            exchange.head.headers.first(name: "Last-Event-ID") ?? exchange.target.query("last_event_id")
            ?? exchange.target.query("lastEventId") ?? exchange.target.query("since")
        // A stream that would begin with a failure is an HTTP error instead, which every client understands.
        let waiter = shard.awaitDocument { result in
            switch result {
            case .success:
                let headers: HTTPHeaders = [
                    "Content-Type": "text/event-stream; charset=utf-8",
                    "Cache-Control": self.cacheControl(exchange),
                    "X-Accel-Buffering": "no",
                    "X-Pushbridge-State": (shard.status?.state ?? .live).rawValue,
                ]
                exchange.beginEventStream(extraHeaders: headers) { stream in
                    stream.begin(
                        shard.subscribe(
                            stream,
                            format: DeliveryFormat(mode: mode, envelope: .serverSentEvents),
                            since: since.flatMap { VersionID(text: $0) }
                        )
                    )
                }
            case .failure(let failure):
                exchange.fail(Problem(failure))
            }
        }
        exchange.onAbandoned = { waiter?.cancel() }
    }

    private func answerOptions(_ exchange: HTTPExchange) throws(Problem) {
        var headers: HTTPHeaders = ["Allow": "GET, HEAD, OPTIONS"]
        if exchange.head.headers.contains(name: "Access-Control-Request-Method") {
            headers.add(name: "Access-Control-Allow-Methods", value: "GET, HEAD")
            var asked = ["If-None-Match", "Last-Event-ID", "Prefer"] + forwardedHeaders
            if exchange.route.access != nil, !forwardedHeaders.contains("authorization") {
                asked.append("Authorization")
            }
            headers.add(name: "Access-Control-Allow-Headers", value: asked.joined(separator: ", "))
            headers.add(name: "Access-Control-Max-Age", value: "600")
        }
        exchange.respond(.noContent, headers: headers)
    }
}

extension Problem {
    /// The answer to someone who waits for a document that could not be fetched.
    init(_ failure: SourceFailure) {
        let wait = (failure.nextAttemptAtMilliseconds - UnixTime.nowMilliseconds + 999) / 1000
        self.init(
            status: failure.gatewayStatus == 504 ? .gatewayTimeout : .badGateway,
            detail: "the upstream gave no document: \(failure.reason)",
            // Asking earlier gives the same answer, at no cost for the backend.
            headers: ["Retry-After": String(max(1, wait))]
        )
    }
}
