import Foundation
import JSONDelta
import Polling
import Probing

/// What an endpoint answered to `pushbridge probe`.
struct ProbeAnswers {
    /// The 2xx answers, in order.
    private(set) var documents: [FetchResponse] = []
    /// What went wrong, one entry a request.
    var failures: [String] = []
    /// The answer's status when it was asked with its own validators: 304 where they work; nil where it has none.
    private(set) var conditionalStatus: Int?

    mutating func add(_ answer: FetchResponse) {
        if (200..<300).contains(answer.status) {
            documents.append(answer)
        } else {
            failures.append("it answered \(answer.status)")
        }
    }

    /// Asks once more with the validators of the last answer.
    mutating func tryValidators(_ request: FetchRequest, _ poller: Poller) async {
        guard let last = documents.last else { return }
        var conditional = request
        if let tag = last.header("ETag") { conditional.headers.append(("If-None-Match", tag)) }
        if let date = last.header("Last-Modified") { conditional.headers.append(("If-Modified-Since", date)) }
        guard conditional.headers.count > request.headers.count else { return }
        conditionalStatus = try? await poller.fetch(conditional).status
    }
}

/// What `pushbridge probe` found out about an endpoint.
struct ProbeReport {
    private let answers: ProbeAnswers
    private let last: FetchResponse
    private let survey: DocumentSurvey
    /// How many answers differ from the one before, volatile members aside.
    private let changed: Int
    /// Of the patches between them, or of the documents where these are smaller.
    private let pushedBytes: Int
    private let polledBytes: Int

    /// nil where no answer was a document.
    init?(_ answers: ProbeAnswers) {
        guard let last = answers.documents.last else { return nil }
        self.answers = answers
        self.last = last
        let bodies = answers.documents.map(\.body)
        polledBytes = bodies.dropFirst().reduce(0) { $0 + $1.count }
        let documents = bodies.compactMap { try? JSONDocument(parsing: $0) }
        if documents.count == bodies.count {
            survey = DocumentSurvey(bodies)
            (changed, pushedBytes) = Self.changes(documents, survey)
        } else {
            survey = DocumentSurvey([])
            let news = zip(bodies, bodies.dropFirst()).filter { $0 != $1 }
            (changed, pushedBytes) = (news.count, news.reduce(0) { $0 + $1.1.count })
        }
    }

    private static func changes(_ documents: [JSONDocument], _ survey: DocumentSurvey) -> (count: Int, bytes: Int) {
        let ignored = survey.volatileMembers.compactMap { try? JSONPointerPattern($0) }
        let options = DiffOptions(
            keys: survey.keyedArrays.compactMap { key in
                (try? JSONPointerPattern(key.pointer)).map { (pattern: $0, member: key.member) }
            }
        )
        var result = (count: 0, bytes: 0)
        for (old, new) in zip(documents, documents.dropFirst()) where !new.isEqual(to: old, ignoring: ignored) {
            result.count += 1
            let patch = JSONPatch.diff(from: old, to: new, options: options)
            result.bytes += min(patch.bytes.count, new.bytes.count)
        }
        return result
    }

    private var saving: Double { polledBytes == 0 ? 0 : 1 - Double(pushedBytes) / Double(polledBytes) }

    private var keys: [String: String] {
        Dictionary(survey.keyedArrays.map { ($0.pointer, $0.member) }, uniquingKeysWith: { first, _ in first })
    }

    // MARK: For people

    func text(interval: String) -> String {
        var lines = [
            "answers        \(answers.documents.count), \(answers.failures.count) failed"
                + (answers.failures.first.map { " (\($0))" } ?? ""),
            "type           \(last.header("Content-Type") ?? "none said"), \(last.body.count) bytes",
        ]
        for name in ["ETag", "Last-Modified", "Cache-Control", "Age"] {
            guard let value = last.header(name) else { continue }
            lines.append(name.padding(toLength: 15, withPad: " ", startingAt: 0) + value)
        }
        switch answers.conditionalStatus {
        case nil: lines.append("validators     none: every poll transfers the whole document")
        case 304: lines.append("validators     work: asked again with them, it answered 304")
        case .some(let status):
            lines.append("validators     sent back, but it answered \(status): it changed, or it ignores them")
        }
        lines.append("changes        \(changed) of \(answers.documents.count - 1) polls brought something new")
        if !survey.volatileMembers.isEmpty {
            lines.append("volatile       \(survey.volatileMembers.joined(separator: ", "))")
        }
        for key in survey.keyedArrays {
            lines.append("keyed          \(key.pointer.isEmpty ? "the document" : key.pointer) by \(key.member)")
        }
        lines.append(
            "saving         \(polledBytes) bytes polled by each client, \(pushedBytes) pushed: "
                + "\((saving * 100).formatted(.number.precision(.fractionLength(0...1)))) % less; "
                + "the endpoint is asked once each \(interval), whatever the number of clients"
        )
        return lines.joined(separator: "\n") + "\n"
    }

    // MARK: For programs

    private struct Findings: Encodable {
        let answers: Int
        let failures: [String]
        let contentType: String?
        let bytes: Int
        let etag: String?
        let lastModified: String?
        let cacheControl: String?
        let conditionalStatus: Int?
        let changed: Int
        let volatile: [String]
        let keys: [String: String]
        let polledBytes: Int
        let pushedBytes: Int
        let route: Route
    }

    func json(route: String) throws -> String {
        let findings = Findings(
            answers: answers.documents.count,
            failures: answers.failures,
            contentType: last.header("Content-Type"),
            bytes: last.body.count,
            etag: last.header("ETag"),
            lastModified: last.header("Last-Modified"),
            cacheControl: last.header("Cache-Control"),
            conditionalStatus: answers.conditionalStatus,
            changed: changed,
            volatile: survey.volatileMembers,
            keys: keys,
            polledBytes: polledBytes,
            pushedBytes: pushedBytes,
            route: try JSONDecoder().decode(Route.self, from: Data(route.utf8))
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(findings), as: UTF8.self)
    }

    private struct Route: Codable {
        struct Poll: Codable {
            let url: String
            let interval: String
            let headers: [String: String]?
            let ignore: [String]?
            let keys: [String: String]?
        }

        let path: String
        let poll: Poll
    }

    /// A route for `routes` of config.json, as JSON.
    func route(url: String, interval: String, headers: [(name: String, value: String)]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let name = URLComponents(string: url)?.path.split(separator: "/").last.map(String.init) ?? "feed"
        let path = name.filter { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
        let route = Route(
            path: "/" + (path.isEmpty || path.allSatisfy { $0 == "." } ? "feed" : path),
            poll: Route.Poll(
                // Braces would be read as parameters.
                url: url.replacingOccurrences(of: "{", with: "%7B").replacingOccurrences(of: "}", with: "%7D"),
                interval: interval,
                headers: headers.isEmpty ? nil : Dictionary(headers.map { ($0.name, $0.value) }) { $0 + ", " + $1 },
                ignore: survey.volatileMembers.isEmpty ? nil : survey.volatileMembers,
                keys: keys.isEmpty ? nil : keys
            )
        )
        return String(decoding: try encoder.encode(route), as: UTF8.self)
    }
}
