import Foundation
import Testing

@Suite("A poll route over plain HTTP")
struct PollOverHTTPTests {
    @Test("GET gives the document, compact and to the letter, with all that a cache and a client need")
    func document() async throws {
        let upstream = try await LegacyUpstream(.json("{ \"b\" : 1.10,\n  \"a\" : \"\\u00e9\" }"))
        try await withBridge(pollRoute(upstream)) { bridge in
            let answer = try await Curl(bridge.url("/scores/premier"))
            #expect(answer.status == 200)
            #expect(answer.text == #"{"b":1.10,"a":"\u00e9"}"#)
            #expect(answer["Content-Type"] == "application/json")
            #expect(answer["ETag"] == "\"\(versionID(of: answer.body))\"")
            #expect(answer["Age"].flatMap { Int($0) }.map { (0...2).contains($0) } == true)
            #expect(answer["Link"] == #"</scores/premier>; rel="alternate"; type="text/event-stream""#)
            #expect(answer["X-Pushbridge-State"] == "live")
            #expect(answer["Cache-Control"] == "no-cache")
            #expect(answer["Warning"] == nil)
            #expect(upstream.requests.first?.uri == "/legacy?league=premier")
            #expect(upstream.requests.first?.headers.first(name: "User-Agent")?.hasPrefix("pushbridge") == true)
        }
    }

    @Test("If-None-Match with the version is answered with 304 and no body, weak or in a list too")
    func notModified() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        try await withBridge(pollRoute(upstream)) { bridge in
            let url = bridge.url("/scores/premier")
            let tag = "\"\(versionID(of: #"{"a":1}"#))\""
            for value in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
                let answer = try await Curl(url, "-H", "If-None-Match: \(value)")
                #expect(answer.status == 304, "If-None-Match: \(value)")
                #expect(answer.body.isEmpty)
                #expect(answer["ETag"] == tag)
                #expect(answer["Content-Length"] == nil)
            }
            let other = try await Curl(url, "-H", "If-None-Match: \"AAAAAAAAAAAAAAAAAAAAAA\"")
            #expect(other.status == 200)
        }
    }

    @Test("Age is how long ago the upstream last confirmed the document, and a 304 confirms it")
    func age() async throws {
        let document = LegacyUpstream.Answer.json("[1]", etag: "\"1\"")
        let upstream = try await LegacyUpstream(document)
        try await withBridge(pollRoute(upstream)) { bridge in
            let client = try await bridge.version1("/scores/a")
            _ = try await client.json()
            upstream.answer(.failure(500))
            try await eventually("a document that ages") {
                try await Curl(bridge.url("/scores/a"))["Age"].flatMap { Int($0) }.map { $0 >= 2 } == true
            }
            upstream.answer(document)
            try await eventually("a confirmation by 304") {
                try await Curl(bridge.url("/scores/a"))["Age"] == "0"
            }
            try client.close()
        }
    }

    @Test("HEAD is GET without the body")
    func head() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        try await withBridge(pollRoute(upstream)) { bridge in
            let answer = try await Curl(bridge.url("/scores/premier"), "-I")
            #expect(answer.status == 200)
            #expect(answer.body.isEmpty)
            #expect(answer["Content-Length"] == "7")
            #expect(answer["ETag"] == "\"\(versionID(of: #"{"a":1}"#))\"")
        }
    }

    @Test("a long poll is answered by the next change, long before its time is over")
    func longPollChange() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        try await withBridge(pollRoute(upstream)) { bridge in
            let url = bridge.url("/scores/premier")
            let tag = try #require(try await Curl(url)["ETag"])
            async let waiting = Curl(url, "-H", "If-None-Match: \(tag)", "-H", "Prefer: wait=60")
            try await upstream.isAsked(3)
            upstream.answer(.json(#"{"a":2}"#))
            let answer = try await waiting
            #expect(answer.status == 200)
            #expect(answer.text == #"{"a":2}"#)
            #expect(answer["ETag"] == "\"\(versionID(of: #"{"a":2}"#))\"")
            #expect(answer["Preference-Applied"] == "wait=60")
        }
    }

    @Test("a long poll without a change is answered with 304 when its time is over")
    func longPollTimeout() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        try await withBridge(pollRoute(upstream)) { bridge in
            let url = bridge.url("/scores/premier")
            let tag = try #require(try await Curl(url)["ETag"])
            let start = ContinuousClock.now
            let answer = try await Curl(url, "-H", "If-None-Match: \(tag)", "-H", "Prefer: wait=1")
            #expect(answer.status == 304)
            #expect(ContinuousClock.now - start >= .milliseconds(950))
        }
    }

    @Test("a long poll with a version that is not the newest is answered at once")
    func longPollBehind() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        try await withBridge(pollRoute(upstream)) { bridge in
            let url = bridge.url("/scores/premier")
            _ = try await Curl(url)
            let answer = try await Curl(
                url,
                "-H",
                "If-None-Match: \"\(versionID(of: "old"))\"",
                "-H",
                "Prefer: wait=100",
                "--max-time",
                "20"
            )
            #expect(answer.status == 200)
        }
    }

    @Test("a first fetch that fails is a 502 with problem details, and an unreachable upstream too")
    func firstFetchFails() async throws {
        let upstream = try await LegacyUpstream(.failure(500))
        let refused = try await TCPBackend.closedPort()
        let routes =
            pollRoute(upstream)
            + #", { "path": "/gone", "poll": { "url": "http://127.0.0.1:\#(refused)/" } }"#
            + #", { "path": "/nowhere", "poll": { "url": "http://no-such-host.invalid/" } }"#
        try await withBridge(routes) { bridge in
            for path in ["/scores/premier", "/gone", "/nowhere"] {
                let answer = try await Curl(bridge.url(path))
                #expect(answer.status == 502, "\(path)")
                #expect(answer["Retry-After"].flatMap { Int($0) }.map { $0 >= 1 } == true)
                #expect(answer["Content-Type"] == "application/problem+json")
                let problem = try answer.json()
                #expect(problem["status"] == 502)
                #expect(problem["title"] == "Bad Gateway")
                #expect(problem["detail"]?.text?.isEmpty == false)
            }
        }
    }

    @Test("a first fetch that hangs is a 504 after the route's timeout")
    func firstFetchHangs() async throws {
        let upstream = try await LegacyUpstream(.silent)
        try await withBridge(pollRoute(upstream, #""timeout": "300ms""#)) { bridge in
            let answer = try await Curl(bridge.url("/scores/premier"))
            #expect(answer.status == 504)
            #expect(answer["Content-Type"] == "application/problem+json")
            #expect(try answer.json()["status"] == 504)
        }
    }

    @Test("an unknown path is 404, and another method is 405 with Allow")
    func refusals() async throws {
        let upstream = try await LegacyUpstream()
        try await withBridge(pollRoute(upstream)) { bridge in
            #expect(try await Curl(bridge.url("/other")).status == 404)
            #expect(try await Curl(bridge.url("/scores")).status == 404)
            let answer = try await Curl(bridge.url("/scores/premier"), "-X", "DELETE")
            #expect(answer.status == 405)
            #expect(answer["Allow"]?.contains("GET") == true)
            #expect(upstream.requests.isEmpty)
        }
    }
}
