import Foundation
import Testing

/// Values that try to leave their place in the upstream's URL, as a client writes them in a path (RFC 3986).
@Suite("Parameters stay in their place in the upstream's URL")
struct HostileParameterTests {
    /// Percent-encoded, as on the wire.
    static let values = [
        // Take over the host.
        "%40evil.example", "user%3Apass%40evil.example", "@evil.example", "user:pass@evil.example", ":8080", "%3A8080",
        "%2F%2Fevil.example%2F", "http%3A%2F%2Fevil.example%2F", "http:%2F%2Fevil.example", "evil.example%23",
        "%5C%5Cevil.example", "evil.example%3A80%2F", "%5B%3A%3A1%5D", "//evil.example",
        // Leave the segment.
        "%2f", "a%2fb", "..%2f..%2fadmin", "%2e%2e%2f%2e%2e%2fadmin", "..", ".", "%2e%2e", "%2E", "..%5c..%5cadmin",
        "...",
        "..;", "%252e%252e%252f", "%252F", "%25", "a%3B..%2F",
        // Begin another part of the URL, or another parameter.
        "a%3Fb=c", "a%23b", "a%26admin=1", "a%3Dadmin", "a&admin=1", "a=b", "a%2Bb", "a+b", "a%20b", "a;b", "a,b",
        "{league}",
        "%7Bleague%7D", "$%7BHOME%7D", "a%7Cb", "%22%27%3C%3E%60",
        // Break the request.
        "%0d%0aHost:%20evil.example", "a%0d%0a%0d%0aGET%20/admin%20HTTP/1.1%0d%0aHost:%20x%0d%0a%0d%0a", "%0a", "%0d",
        "a%09b",
        "%00", "a%00b", "%01", "%7f", "%C2%85", "%E2%80%A8",
        // Unicode: what looks like a slash, a dot, an at sign; broken, overlong and surrogate UTF-8.
        "%C3%A9", "e%CC%81", "%F0%9F%98%80", "%EF%BC%8F", "%E2%81%84", "%E3%80%82%E3%80%82", "%EF%BC%A0", "%E2%80%AE",
        "%C0%AE%C0%AE%C0%AF", "%ED%A0%80", "%FF", "%C3", "%zz", "%4", "%",
        // Long.
        String(repeating: "a", count: 256), String(repeating: "a", count: 257), String(repeating: "%2e", count: 3000),
        String(repeating: "%F0%9F%98%80", count: 64), String(repeating: "..%2f", count: 50),
    ]

    /// A route that takes whatever it is given: nothing but the URL's own rules stands between.
    private func withOpenRoute(
        _ body: (BridgeUnderTest, LegacyUpstream, LegacyUpstream) async throws -> Void
    ) async throws {
        let upstream = try await LegacyUpstream { request in
            request.method == "POST" ? .json("{}") : .json(#"{"asked":true}"#)
        }
        let victim = try await LegacyUpstream(.json(#"{"secret":true}"#))
        let routes = """
            { "path": "/p/{league}", "poll": {
                "url": "\(upstream.url("/base/{league}/tail?league={league}&fixed=1"))",
                "params": { "league": "[\\\\s\\\\S]*" }, "query": ["q"], "interval": "1000s",
                "send": { "url": "\(upstream.url("/post/{league}"))" } } },
            { "path": "/connect", "multiplex": {} }
            """
        try await withBridge(routes) { bridge in try await body(bridge, upstream, victim) }
        #expect(victim.requests.isEmpty)
    }

    /// The value of a path's segment; nil where a URL cannot say it.
    private func decoded(_ value: String) -> String? {
        value.removingPercentEncoding.flatMap { $0.contains("\0") ? nil : $0 }
    }

    /// The template with the value in its places, and the endpoint that `send` names with it.
    private func places(of value: String) throws -> (document: String, post: String) {
        let unreserved = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
        let encoded = try #require(decoded(value)).utf8
            .map { unreserved.contains($0) ? String(UnicodeScalar($0)) : String(format: "%%%02X", $0) }.joined()
        return ("/base/\(encoded)/tail?league=\(encoded)&fixed=1", "/post/\(encoded)")
    }

    /// What was asked must be in its place, and there must be nothing else in the request.
    private func check(_ upstream: LegacyUpstream, _ expected: Set<String>) {
        let known = ["host", "user-agent", "accept", "accept-encoding", "content-type", "content-length"]
        for request in upstream.requests {
            #expect(expected.contains(request.uri), "\(request.uri)")
            #expect(request.headers["Host"] == ["127.0.0.1:\(upstream.port)"])
            #expect(request.headers.allSatisfy { known.contains($0.name.lowercased()) }, "\(request.headers)")
        }
    }

    @Test("a value on which the pattern backtracks for ever is 404, and others are served meanwhile")
    func backtracking() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"asked":true}"#))
        let routes = """
            { "path": "/s/{slug}", "poll": {
                "url": "\(upstream.url("/{slug}"))", "params": { "slug": "([a-z0-9]+-?)+" } } }
            """
        try await withBridge(routes) { bridge in
            let hostile = String(repeating: "a", count: 200) + "%21"
            // More than there are event loops.
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<16 { group.addTask { try await Curl(bridge.url("/s/" + hostile)).status } }
                #expect(try await Curl(bridge.url("/s/a-good-one")).status == 200)
                for try await status in group { #expect(status == 404) }
            }
            #expect(upstream.requests.map(\.uri).allSatisfy { $0 == "/a-good-one" })
        }
    }

    @Test("over HTTP: refused, or asked in exactly its place")
    func http() async throws {
        try await withOpenRoute { bridge, upstream, victim in
            var expected: Set<String> = []
            for value in Self.values + ["@127.0.0.1:\(victim.port)", "%40127.0.0.1%3A\(victim.port)%2F"] {
                let before = upstream.requests.count
                // Curl would tidy some of these up.
                let client = try await RawConnection.open(port: bridge.port)
                try await client.send("GET /p/\(value) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                let answer = try Curl(answer: try await client.end())
                if answer.status == 200 {
                    // Two spellings of one value are one topic.
                    let isNew = expected.insert(try places(of: value).document).inserted
                    #expect(upstream.requests.count == before + (isNew ? 1 : 0), "\(value)")
                } else {
                    #expect([400, 404, 414, 431].contains(answer.status), "\(value): \(answer.status)")
                    #expect(upstream.requests.count == before, "\(value)")
                }
            }
            check(upstream, expected)
            // Most of them are honest names to a route that takes everything.
            #expect(upstream.requests.count > 40)
        }
    }

    @Test("over a multiplexed subscription and its send")
    func multiplexed() async throws {
        try await withOpenRoute { bridge, upstream, victim in
            let client = try await bridge.version1("/connect")
            var expected: Set<String> = []
            for value in Self.values + ["@127.0.0.1:\(victim.port)", "%40127.0.0.1%3A\(victim.port)%2F"] {
                try client.send(#"{"type":"subscribe","topic":"/p/\#(value)","ref":1}"#)
                let answer = try await client.json()
                guard answer["type"] == "snapshot" else {
                    #expect(answer["type"] == "error", "\(value): \(answer)")
                    continue
                }
                let (document, post) = try places(of: value)
                expected.formUnion([document, post])
                let topic = try #require(answer["topic"]?.text)
                try client.send(#"{"type":"send","topic":"\#(topic)","data":1}"#)
                #expect(try await client.json()["type"] == "sent", "\(value)")
                #expect(upstream.requests.contains { $0.method == "POST" && $0.uri == post }, "\(value)")
                try client.send(#"{"type":"unsubscribe","topic":"\#(topic)"}"#)
                #expect(try await client.json()["type"] == "unsubscribed", "\(value)")
            }
            check(upstream, expected)
            #expect(upstream.requests.count > 80)
        }
    }

    @Test("values of the query that is passed on add no parameter, and change none")
    func query() async throws {
        try await withOpenRoute { bridge, upstream, _ in
            var known: Set<[UInt8]?> = []
            for value in Self.values where !value.contains("&") && !value.contains("#") {
                let before = upstream.requests.count
                let client = try await RawConnection.open(port: bridge.port)
                try await client.send("GET /p/a?q=\(value) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                let answer = try Curl(answer: try await client.end())
                guard answer.status == 200 else {
                    #expect([400, 404, 414, 431].contains(answer.status), "\(value): \(answer.status)")
                    #expect(upstream.requests.count == before)
                    continue
                }
                let plain = value.replacing("+", with: " ").removingPercentEncoding
                guard known.insert(plain.map { Array($0.utf8) }).inserted else { continue }
                let uri = try #require(upstream.requests.last?.uri)
                let prefix = "/base/a/tail?league=a&fixed=1&q="
                #expect(uri.hasPrefix(prefix), "\(value): \(uri)")
                let passed = String(uri.dropFirst(prefix.count))
                #expect(!passed.contains { "&=/?#+@: ".contains($0) }, "\(value): \(uri)")
                #expect(passed.removingPercentEncoding.map { Array($0.utf8) } == plain.map { Array($0.utf8) }, "\(uri)")
            }
            #expect(upstream.requests.allSatisfy { $0.headers["Host"] == ["127.0.0.1:\(upstream.port)"] })
        }
    }
}
