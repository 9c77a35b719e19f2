import Foundation
import Testing

@testable import DemoServices

@Suite("The legacy API")
struct LegacyAPITests {
    /// A minute of a day: nothing changes while a test runs.
    private let still = DemoServices.Options(minuteLength: 86_400_000, answerDelay: 0...1)
    private let premier = "/legacy/scores?league=premier"

    private struct Statistics: Decodable {
        struct Tally: Decodable {
            let requests: Int
            let bytes: Int
            let notModified: Int
        }

        struct PathTally: Decodable {
            let requests: Int
            let bridge: Tally
        }

        let requests: Int
        let bytes: Int
        let notModified: Int
        let bridge: Tally
        let byPath: [String: PathTally]
        let since: Int
    }

    private func statistics(_ services: DemoServices) async throws -> Statistics {
        try await HTTPExchange(port: services.legacyPort, "/legacy/stats").decoded(as: Statistics.self)
    }

    @Test("scores are a JSON document of several kilobytes with validators")
    func scores() async throws {
        try await withServices { services in
            for league in League.all {
                let answer = try await HTTPExchange(port: services.legacyPort, "/legacy/scores?league=\(league.id)")
                #expect(answer.status == 200)
                #expect(answer.headers["content-type"] == "application/json; charset=utf-8")
                #expect(answer.headers["content-length"] == "\(answer.body.count)")
                #expect((4_000...40_000).contains(answer.body.count))
                let tag = try #require(answer.headers["etag"])
                #expect(tag.hasPrefix("\"") && tag.hasSuffix("\""))
                #expect(answer.headers["last-modified"]?.hasSuffix("GMT") == true)
                let document = try answer.decoded(as: ScoreDocument.self)
                #expect(document.league == league.id)
                #expect(document.matches.count == LeagueSimulation.pitchCount)
                #expect(!document.generatedAt.isEmpty)
            }
        }
    }

    @Test("an unchanged document has the same tag, although its time differs, and conditional requests get 304")
    func conditional() async throws {
        try await withServices(still) { services in
            let first = try await HTTPExchange(port: services.legacyPort, premier)
            let second = try await HTTPExchange(port: services.legacyPort, premier)
            let tag = try #require(first.headers["etag"])
            #expect(second.headers["etag"] == tag)
            let times = try [first, second].map { try $0.decoded(as: ScoreDocument.self).generatedAt }
            #expect(times[0] != times[1])

            for condition in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
                let answer = try await HTTPExchange(
                    port: services.legacyPort,
                    premier,
                    headers: ["If-None-Match": condition]
                )
                #expect(answer.status == 304)
                #expect(answer.body.isEmpty)
                #expect(answer.headers["etag"] == tag)
                #expect(answer.headers["content-length"] == nil)
                #expect(answer.headers["access-control-allow-origin"] == "*")
            }
            let modified = try #require(first.headers["last-modified"])
            let since = try await HTTPExchange(
                port: services.legacyPort,
                premier,
                headers: ["If-Modified-Since": modified]
            )
            #expect(since.status == 304)
        }
    }

    @Test("a tag that does not match, or an old date, gets the document")
    func conditionNotMet() async throws {
        try await withServices(still) { services in
            let now = try #require(try await HTTPExchange(port: services.legacyPort, premier).headers["last-modified"])
            let conditions: [[String: String]] = [
                ["If-None-Match": "\"0\""],
                ["If-None-Match": "\"0\"", "If-Modified-Since": now],
                ["If-Modified-Since": "Sun, 06 Nov 1994 08:49:37 GMT"],
                ["If-Modified-Since": "yesterday"],
            ]
            for headers in conditions {
                let answer = try await HTTPExchange(port: services.legacyPort, premier, headers: headers)
                #expect(answer.status == 200, "\(headers)")
            }
        }
    }

    @Test("the tag changes with the score")
    func change() async throws {
        try await withServices(DemoServices.Options(minuteLength: 10, answerDelay: 0...1)) { services in
            let tag = try await HTTPExchange(port: services.legacyPort, premier).headers["etag"]
            let deadline = ContinuousClock.now + .seconds(10)
            var newTag = tag
            while newTag == tag, ContinuousClock.now < deadline {
                newTag = try await HTTPExchange(port: services.legacyPort, premier).headers["etag"]
            }
            #expect(newTag != tag)
        }
    }

    @Test("what is not there, or not allowed, says so in JSON, readable from any origin")
    func refusals() async throws {
        try await withServices { services in
            let cases = [
                ("GET", "/legacy/scores?league=nowhere", 404), ("GET", "/legacy/scores?league=%2e%2e%2f", 404),
                ("GET", "/legacy/scores", 400), ("GET", "/favicon.ico", 404), ("DELETE", premier, 405),
                ("GET", "/legacy/stats/reset", 405), ("POST", "/legacy/leagues", 405),
            ]
            for (method, target, status) in cases {
                let answer = try await HTTPExchange(port: services.legacyPort, method: method, target)
                #expect(answer.status == status, "\(method) \(target)")
                #expect(answer.headers["content-type"] == "application/json; charset=utf-8")
                #expect(answer.headers["access-control-allow-origin"] == "*")
                #expect((answer.headers["allow"] != nil) == (status == 405))
                _ = try JSONSerialization.jsonObject(with: answer.body)
            }
        }
    }

    @Test("a browser's preflight lets conditional requests through")
    func preflight() async throws {
        try await withServices { services in
            let answer = try await HTTPExchange(
                port: services.legacyPort,
                method: "OPTIONS",
                premier,
                headers: [
                    "Origin": "http://127.0.0.1:8080", "Access-Control-Request-Method": "GET",
                    "Access-Control-Request-Headers": "if-none-match",
                ]
            )
            #expect(answer.status == 204)
            #expect(answer.headers["access-control-allow-origin"] == "*")
            #expect(answer.headers["access-control-allow-methods"]?.contains("GET") == true)
            #expect(answer.headers["access-control-allow-headers"]?.contains("If-None-Match") == true)
            let scores = try await HTTPExchange(port: services.legacyPort, premier)
            #expect(scores.headers["access-control-expose-headers"]?.contains("ETag") == true)
        }
    }

    @Test("requests are counted by address and by who asks; asking for the count is not counted")
    func counter() async throws {
        try await withServices(still) { services in
            let port = services.legacyPort
            let plain = try await HTTPExchange(port: port, premier)
            let tag = try #require(plain.headers["etag"])
            let bridged = try await HTTPExchange(port: port, premier, headers: ["User-Agent": "pushbridge/0.1"])
            _ = try await HTTPExchange(
                port: port,
                premier,
                headers: ["User-Agent": "pushbridge/0.1", "If-None-Match": tag]
            )
            _ = try await HTTPExchange(port: port, "/made/up/\(UInt64.random(in: 0 ... .max))")
            _ = try await HTTPExchange(port: port, method: "OPTIONS", premier)
            _ = try await statistics(services)

            let counted = try await statistics(services)
            #expect(counted.requests == 4)
            #expect(counted.notModified == 1)
            #expect(counted.bridge.requests == 2)
            #expect(counted.bridge.notModified == 1)
            #expect(counted.bridge.bytes == bridged.body.count)
            #expect(counted.bytes >= plain.body.count + bridged.body.count)
            #expect(counted.byPath[premier]?.requests == 3)
            #expect(counted.byPath[premier]?.bridge.requests == 2)
            #expect(Set(counted.byPath.keys) == [premier, "other"])

            let reset = try await HTTPExchange(port: port, method: "POST", "/legacy/stats/reset")
            #expect(reset.status == 204)
            let afterwards = try await statistics(services)
            #expect(afterwards.requests == 0)
            #expect(afterwards.byPath.isEmpty)
            #expect(afterwards.since >= counted.since)
        }
    }

    @Test("HEAD gives the length without the body")
    func head() async throws {
        try await withServices(still) { services in
            let answer = try await HTTPExchange(port: services.legacyPort, method: "HEAD", premier)
            #expect(answer.status == 200)
            #expect(answer.body.isEmpty)
            #expect(Int(answer.headers["content-length"] ?? "").map { $0 > 1_000 } == true)
        }
    }

    @Test("every league of the list has scores")
    func leagues() async throws {
        struct List: Decodable {
            struct Entry: Decodable {
                let id: String
                let name: String
                let scores: String
            }
            let leagues: [Entry]
        }
        try await withServices { services in
            let list = try await HTTPExchange(port: services.legacyPort, "/legacy/leagues").decoded(as: List.self)
            #expect(list.leagues.map(\.id) == ["premier", "laliga", "bundesliga", "seriea"])
            for entry in list.leagues {
                #expect(try await HTTPExchange(port: services.legacyPort, entry.scores).status == 200)
            }
        }
    }
}
