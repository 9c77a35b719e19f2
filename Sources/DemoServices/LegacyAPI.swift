import Foundation
import Hummingbird
import NIOCore
import Synchronization

/// The HTTP API that everybody used to poll: plain, uncompressed, and slow on purpose.
///
///     GET  /legacy/leagues                 the leagues
///     GET  /legacy/scores?league=premier   a ScoreDocument, with ETag and Last-Modified
///     GET  /legacy/scores.xml?league=…     the same as XML
///     GET  /legacy/quotes                  stock prices, with ETag
///     GET  /legacy/vehicles                where trams and buses are, with ETag
///     GET  /legacy/chat                    the newest messages, with ETag
///     POST /legacy/chat                    {"name": "Ada", "text": "Hello"}: one more message
///     GET  /legacy/stats                   what the API had to answer so far (not counted itself)
///     POST /legacy/stats/reset             start counting anew
///
/// Every answer may be read by pages of any origin. Stats are answered at once, all else after the delay.
final class LegacyAPI: HTTPResponder {
    typealias Context = BasicRequestContext

    private let answerDelay: ClosedRange<Int>
    private let leagues: Mutex<[String: LeagueSimulation]>
    private let market: Mutex<MarketSimulation>
    private let fleet = FleetSimulation()
    private let chat: Mutex<LegacyChat>
    private let statistics: Mutex<LegacyStatistics>

    init(options: DemoServices.Options) {
        let now = Date.millisecondsNow
        answerDelay = options.answerDelay
        let simulations = League.all.map { league in
            (
                league.id,
                LeagueSimulation(league: league, seed: options.seed, start: now, minuteLength: options.minuteLength)
            )
        }
        leagues = Mutex(Dictionary(uniqueKeysWithValues: simulations))
        market = Mutex(MarketSimulation(seed: options.seed, start: now))
        chat = Mutex(LegacyChat(start: now))
        statistics = Mutex(LegacyStatistics(since: now))
    }

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        var answer = try await answer(to: request)
        if request.method == .head {
            let length = answer.headers[.contentLength]
            answer = answer.createHeadResponse()
            answer.headers[.contentLength] = length
        }
        // A 304 has no body, so it says nothing of the length (RFC 9110 section 15.4.5).
        if answer.status == .notModified || answer.status == .noContent { answer.headers[.contentLength] = nil }
        answer.headers[.accessControlAllowOrigin] = "*"
        answer.headers[.accessControlExposeHeaders] = "ETag, Last-Modified, Date"
        return answer
    }

    private func answer(to request: Request) async throws -> Response {
        let path = request.uri.path
        if request.method == .options { return preflight() }
        switch path {
        case "/legacy/stats":
            guard request.method.isRead else { return refusal(allow: "GET, HEAD, OPTIONS") }
            return try Response(statistics.withLock { $0 })
        case "/legacy/stats/reset":
            guard request.method == .post else { return refusal(allow: "POST, OPTIONS") }
            statistics.withLock { $0 = LegacyStatistics(since: Date.millisecondsNow) }
            return Response(status: .noContent)
        default:
            break
        }
        try await Task.sleep(for: .milliseconds(Int.random(in: answerDelay)))
        let (answer, countedPath) = try await answerSlowly(to: request, path: path)
        let isFromBridge = request.headers[.userAgent]?.lowercased().hasPrefix("pushbridge") ?? false
        statistics.withLock {
            $0.count(
                path: countedPath,
                bytes: request.method == .head ? 0 : answer.body.contentLength ?? 0,
                notModified: answer.status == .notModified,
                isFromBridge: isFromBridge
            )
        }
        return answer
    }

    /// The answer, and the name it is counted under: a fixed set, so that made-up URLs do not fill the memory.
    private func answerSlowly(to request: Request, path: String) async throws -> (Response, String) {
        if path == "/legacy/chat", request.method == .post { return (try await post(request), path) }
        guard Self.paths.contains(path) else {
            return (Response(status: .notFound, error: "There is nothing here; try /legacy/leagues"), "other")
        }
        guard request.method.isRead else {
            let others = path == "/legacy/chat" ? "POST, OPTIONS" : "OPTIONS"
            return (refusal(allow: "GET, HEAD, \(others)"), path)
        }
        switch path {
        case "/legacy/leagues":
            return (try Response(LeagueList()), path)
        case "/legacy/quotes":
            let board = market.withLock { market in
                market.advance(to: Date.millisecondsNow)
                return market.board
            }
            return (try conditional(board, for: request), path)
        case "/legacy/vehicles":
            return (try conditional(fleet.report(at: Date.millisecondsNow), for: request), path)
        case "/legacy/chat":
            return (try conditional(chat.withLock { $0.list }, for: request), path)
        default:
            guard let league = request.uri.queryParameters["league"].map(String.init) else {
                return (Response(status: .badRequest, error: "The query must name a league: ?league=premier"), path)
            }
            guard let answer = try scores(of: league, asXML: path.hasSuffix(".xml"), for: request) else {
                return (Response(status: .notFound, error: "There is no such league; see /legacy/leagues"), path)
            }
            return (answer, "\(path)?league=\(league)")
        }
    }

    private static let paths: Set = [
        "/legacy/leagues", "/legacy/scores", "/legacy/scores.xml", "/legacy/quotes", "/legacy/vehicles", "/legacy/chat",
    ]

    /// One more message of the chat.
    private func post(_ request: Request) async throws -> Response {
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: LegacyChat.bodyLimit)
        } catch {
            return Response(status: .contentTooLarge, error: "At most \(LegacyChat.bodyLimit) bytes")
        }
        do {
            let message = try chat.withLock { try $0.post(Data(body.readableBytesView), at: Date.millisecondsNow) }
            return try Response(message, status: .created)
        } catch let error as LegacyChat.Refusal {
            return Response(status: .unprocessableContent, error: error.reason)
        }
    }

    private func scores(of league: String, asXML: Bool, for request: Request) throws -> Response? {
        let now = Date.millisecondsNow
        let state = leagues.withLock { leagues -> (document: ScoreDocument, lastChange: Int)? in
            leagues[league]?.advance(to: now)
            return leagues[league].map { ($0.document(generatedAt: ""), $0.lastChange) }
        }
        guard let (current, lastChange) = state else { return nil }
        var document = current
        // The time of the answer is left out: with it, no answer would ever equal the one before.
        let tag = "\"" + String(fnv1a(try document.legacyJSON()), radix: 16) + "\""
        let headers: HTTPFields = [
            .eTag: tag,
            .lastModified: HTTPDate.text(milliseconds: lastChange),
            .cacheControl: "no-cache",
        ]
        if isUnchanged(request.headers, tag: tag, lastChange: lastChange) {
            return Response(status: .notModified, headers: headers)
        }
        document.generatedAt = Date(milliseconds: now).formatted(
            Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        )
        if asXML {
            var headers = headers
            headers[.contentType] = "application/xml"
            return Response(
                status: .ok,
                headers: headers,
                body: ResponseBody(byteBuffer: ByteBuffer(string: document.legacyXML()))
            )
        }
        return try Response(document, headers: headers)
    }

    /// The value, or 304 where the client has it.
    private func conditional(_ value: some Encodable, for request: Request) throws -> Response {
        let tag = "\"" + String(fnv1a(try value.legacyJSON()), radix: 16) + "\""
        let headers: HTTPFields = [.eTag: tag, .cacheControl: "no-cache"]
        if isUnchanged(request.headers, tag: tag, lastChange: .max) {
            return Response(status: .notModified, headers: headers)
        }
        return try Response(value, headers: headers)
    }

    /// RFC 9110 section 13.2.2: `If-Modified-Since` counts only where there is no `If-None-Match`.
    private func isUnchanged(_ headers: HTTPFields, tag: String, lastChange: Int) -> Bool {
        if let condition = headers[.ifNoneMatch] {
            return condition.split(separator: ",").contains { item in
                let candidate = item.drop { $0 == " " || $0 == "\t" }
                // Weak comparison (RFC 9110 section 13.1.2).
                let opaque = candidate.hasPrefix("W/") ? candidate.dropFirst(2) : candidate
                return opaque.prefix { $0 != " " && $0 != "\t" } == tag || candidate == "*"
            }
        }
        guard let condition = headers[.ifModifiedSince], let since = HTTPDate.seconds(condition) else { return false }
        return lastChange / 1_000 <= since
    }

    private func preflight() -> Response {
        Response(
            status: .noContent,
            headers: [
                .accessControlAllowMethods: "GET, HEAD, POST, OPTIONS",
                .accessControlAllowHeaders: "If-None-Match, If-Modified-Since, Content-Type, Cache-Control",
                .accessControlMaxAge: "600",
            ]
        )
    }

    private func refusal(allow: String) -> Response {
        var response = Response(status: .methodNotAllowed, error: "This address answers \(allow)")
        response.headers[.allow] = allow
        return response
    }
}

private struct LeagueList: Encodable {
    struct Entry: Encodable {
        let id: String
        let name: String
        let scores: String
    }

    let leagues = League.all.map { Entry(id: $0.id, name: $0.name, scores: "/legacy/scores?league=\($0.id)") }
}

private struct Failure: Encodable {
    let error: String
    let status: Int
}

extension Response {
    fileprivate init(_ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) throws {
        var headers = headers
        headers[.contentType] = "application/json; charset=utf-8"
        self.init(
            status: status,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(data: try value.legacyJSON()))
        )
    }

    fileprivate init(status: HTTPResponse.Status, error: String) {
        do {
            try self.init(Failure(error: error, status: status.code), status: status)
        } catch {
            self.init(status: .internalServerError)
        }
    }
}

extension HTTPRequest.Method {
    fileprivate var isRead: Bool { self == .get || self == .head }
}

/// The dates of HTTP headers, in the one form that is still written (RFC 9110 section 5.6.7).
private enum HTTPDate {
    static func text(milliseconds: Int) -> String {
        makeFormatter().string(from: Date(milliseconds: milliseconds))
    }

    /// Seconds since 1970; nil for what is not such a date, which a server then ignores (section 13.1.3).
    static func seconds(_ text: String) -> Int? {
        makeFormatter().date(from: text).map { Int($0.timeIntervalSince1970) }
    }

    private static func makeFormatter() -> DateFormatter {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = .gmt
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter
    }
}

extension Date {
    /// Milliseconds since 1970.
    static var millisecondsNow: Int { Int((Date.now.timeIntervalSince1970 * 1_000).rounded(.down)) }

    fileprivate init(milliseconds: Int) {
        self.init(timeIntervalSince1970: Double(milliseconds) / 1_000)
    }
}
