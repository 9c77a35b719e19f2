import BridgeConfiguration
import Crypto
import Gateway
import JSONDelta
import Logging
import NIOCore
import Polling
import Topics
import WebSocket

extension PollService {
    /// A poll route, with its way from a request to a topic and from a topic to a poll.
    init(_ route: PollRoute, path: String, compression: CompressionPolicy, poller: Poller, logger: Logger) {
        let settings = TopicSettings(route)
        let metrics = TopicMetrics()
        let schedule = PollSchedule(route.interval)
        self.init(
            queryNames: route.query,
            forwardedHeaders: route.forward,
            compression: compression,
            hasKeyedArrays: !route.keys.isEmpty,
            metrics: metrics,
            send: route.send.map { SendFunction($0, route: route, poller: poller) }
        ) { request in
            guard route.accepts(request.parameters), let fetch = route.request(request) else { return nil }
            let key = TopicKey(
                route: path,
                name: Self.topicName(path: path, request),
                credentials: Self.digest(of: request.forwarded)
            )
            return TopicBlueprint(key: key, settings: settings, metrics: metrics) {
                PolledSource(poller: poller, plan: PollPlan(request: fetch, schedule: schedule), logger: logger)
            }
        }
    }

    /// A topic's name: its path and its allowed query, in one spelling whatever the client's.
    private static func topicName(path: String, _ request: TopicRequest) -> String {
        let segments = path.split(separator: "/").map { segment -> String in
            guard segment.hasPrefix("{"), segment.hasSuffix("}") else { return String(segment) }
            return (request.parameters[String(segment.dropFirst().dropLast())] ?? "").percentEncoded
        }
        let query = request.query.map { "\($0.name.percentEncoded)=\($0.value.percentEncoded)" }
        return "/" + segments.joined(separator: "/") + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }

    /// One digest over all forwarded headers: topics of different people differ in it, and it tells nobody anything.
    private static func digest(of headers: [(name: String, value: String)]) -> [UInt8] {
        guard !headers.isEmpty else { return [] }
        var hash = SHA256()
        for (name, value) in headers {
            // Lengths first, so that no two lists of headers read the same.
            for text in [name.lowercased(), value] {
                withUnsafeBytes(of: UInt64(text.utf8.count)) { hash.update(bufferPointer: $0) }
                hash.update(data: Array(text.utf8))
            }
        }
        return Array(hash.finalize())
    }
}

extension PollRoute {
    func accepts(_ parameters: [String: String]) -> Bool {
        parameters.allSatisfy { accepts(parameter: $0.key, value: $0.value) }
    }

    fileprivate var upstreamTLS: Polling.UpstreamTLS? {
        tls.map { Polling.UpstreamTLS(ca: $0.ca, certificate: $0.certificate, key: $0.key) }
    }

    /// What is fetched for a topic; nil where a parameter would leave its place in the URL.
    func request(_ topic: TopicRequest) -> FetchRequest? {
        guard let url = url.url(parameters: topic.parameters, query: topic.query.map { ($0.name, $0.value) }) else {
            return nil
        }
        return FetchRequest(
            url: url,
            headers: headers.map { (name: $0.name, value: $0.value) } + topic.forwarded,
            timeout: timeout,
            maxBody: maxBody,
            tls: upstreamTLS
        )
    }
}

extension TopicSettings {
    init(_ route: PollRoute) {
        // The configuration has checked the syntax of all pointers.
        let keys = route.keys.compactMap { key in
            (try? JSONPointerPattern(key.pointer)).map { (pattern: $0, member: key.member) }
        }
        self.init(
            reader: DocumentReader(
                format: DocumentFormat(route.format),
                selection: route.select.flatMap { try? JSONPointer($0) },
                arrays: keys.map(\.pattern)
            ),
            ignored: route.ignore.compactMap { try? JSONPointerPattern($0) },
            diffOptions: DiffOptions(keys: keys),
            linger: route.linger,
            historyBytes: route.history,
            maximumTopics: route.maxTopics
        )
    }
}

extension DocumentFormat {
    fileprivate init(_ format: PollRoute.BodyFormat) {
        switch format {
        case .auto: self = .auto
        case .json: self = .json
        case .xml: self = .xml
        case .text: self = .text
        case .binary: self = .binary
        }
    }
}

extension PollSchedule {
    fileprivate init(_ interval: PollInterval) {
        switch interval {
        case .fixed(let every): self = .every(every)
        case .adaptive(let min, let max): self = .adaptive(min: min, max: max)
        }
    }
}

extension SendFunction {
    /// The way from a client's message to the endpoint that `send` names.
    init(_ target: SendTarget, route: PollRoute, poller: Poller) {
        let contentType = target.contentType.lowercased()
        self.init(takesJSON: contentType.contains("json")) { request, body in
            guard
                let url = target.url.url(
                    parameters: request.parameters,
                    query: request.query.map { ($0.name, $0.value) }
                )
            else {
                return .failure(
                    SourceFailure(
                        code: .word("invalid"),
                        reason: "the message cannot be sent for these parameters",
                        nextAttemptAtMilliseconds: 0
                    )
                )
            }
            var fetch = FetchRequest(
                url: url,
                method: target.method,
                headers: target.headers.map { (name: $0.name, value: $0.value) }
                    + [(name: "Content-Type", value: target.contentType)] + request.forwarded,
                body: body,
                timeout: route.timeout,
                maxBody: route.maxBody
            )
            fetch.tls = route.upstreamTLS
            return await Self.answer(to: fetch, poller: poller)
        }
    }

    private static func answer(to request: FetchRequest, poller: Poller) async -> Result<SendAnswer, SourceFailure> {
        do {
            let answer = try await poller.fetch(request)
            let json = try? JSONDocument(parsing: answer.body)
            return .success(SendAnswer(status: answer.status, json: json?.bytes))
        } catch {
            return .failure(SourceFailure(error))
        }
    }
}
