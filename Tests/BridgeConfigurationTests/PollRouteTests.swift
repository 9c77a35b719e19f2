import Testing

@testable import BridgeConfiguration

@Suite("URLs and parameters of poll routes")
struct PollRouteTests {
    private func route(_ poll: String, path: String = "/s/{league}") throws -> PollRoute {
        let configuration = try Golden.parse("{routes: [{path: \"\(path)\", poll: { \(poll) }}]}")
        guard case .poll(let route) = configuration.routes[0].kind else { throw Mistake("not a poll route") }
        return route
    }

    static let hostile = [
        "a/b", "../x", "..%2fx", "%2e%2e", "a?b=c", "a#b", "a&b=c", "u@evil.example", "a\r\nHost: evil", "a b", "a\\b",
        "é", "😀", "http://evil/", ":8080", "a;b", "a+b", "\u{0}", "{league}", "${TOKEN}", "a\u{7F}", "\"'<>|^`",
    ]

    @Test("no value leaves its place in the path or the query", arguments: hostile)
    func hostileValues(value: String) throws {
        let template = try URLTemplate(parsing: "http://h:81/a/{league}/b?x={league}&y=1")
        let url = try #require(template.url(parameters: ["league": value], query: [(value, value)]))
        let allowed = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%")
        let rest = try #require(url.hasPrefix("http://h:81/a/") ? url.dropFirst("http://h:81/a/".count) : nil)
        let pieces = rest.split(omittingEmptySubsequences: false) { !allowed.contains($0) }
        #expect(pieces.count == 8)
        #expect(rest.filter { !allowed.contains($0) } == "/?=&=&=")
        #expect(pieces.allSatisfy { $0 != "." && $0 != ".." })
        #expect(PercentEncoding.decode(pieces[0]) == (value.contains("\0") ? nil : value))
    }

    @Test("dots, an empty value and a missing value give no URL")
    func dots() throws {
        let template = try URLTemplate(parsing: "http://h/{a}")
        for value in [".", "..", ""] { #expect(template.url(parameters: ["a": value]) == nil) }
        #expect(template.url(parameters: [:]) == nil)
        #expect(template.url(parameters: ["a": "..."]) == "http://h/...")
    }

    @Test(
        "the query is joined to what the URL has",
        arguments: [
            ("http://h", "http://h/?q=1"), ("http://h/a", "http://h/a?q=1"), ("http://h/a?", "http://h/a?q=1"),
            ("http://h/a?x=1", "http://h/a?x=1&q=1"), ("http://h/a?x=1&", "http://h/a?x=1&q=1"),
            ("HTTPS://h?x=1", "https://h/?x=1&q=1"),
        ]
    )
    func query(template: String, expected: String) throws {
        #expect(try URLTemplate(parsing: template).url(parameters: [:], query: [("q", "1")]) == expected)
    }

    @Test(
        "the upstream host is the same for all spellings of one host",
        arguments: [
            ("http://H.example/a", "h.example:80"), ("http://h.example:80", "h.example:80"),
            ("https://u:p@h.example?x", "h.example:443"), ("http://[::1]:81/", "[::1]:81"),
        ]
    )
    func upstreamHost(template: String, expected: String) throws {
        #expect(try URLTemplate(parsing: template).upstreamHost == expected)
    }

    @Test("without a pattern a parameter is letters, digits, dot, dash and underscore, at most 64")
    func standardPattern() throws {
        let route = try route("url: 'http://h/{league}'")
        for value in ["premier", "a.b-c_D9", "...", String(repeating: "a", count: 64)] {
            #expect(route.accepts(parameter: "league", value: value))
        }
        for value in ["", ".", "..", "~", String(repeating: "a", count: 65), "e\u{301}", "a\n"] + Self.hostile {
            #expect(!route.accepts(parameter: "league", value: value))
        }
        #expect(!route.accepts(parameter: "other", value: "premier"))
    }

    @Test("a pattern matches the whole value, scalar by scalar, and never dots alone")
    func ownPattern() throws {
        let route = try route("url: 'http://h/{league}', params: { league: '[a-z]+|\\\\.+|x/y' }")
        #expect(route.accepts(parameter: "league", value: "abc"))
        #expect(route.accepts(parameter: "league", value: "x/y"))
        #expect(route.accepts(parameter: "league", value: "..."))
        #expect(try !ParameterPattern(parsing: "[\\s\\S]+").accepts("a\0b"))
        for value in [".", "..", "", "abc1", "1abc", "abc\n", "ABC", "e\u{301}", String(repeating: "a", count: 257)] {
            #expect(!route.accepts(parameter: "league", value: value))
        }
    }

    @Test("the standard pattern written as text accepts the same as the built-in one")
    func standardAsText() throws {
        let built = ParameterPattern.standard
        let written = try ParameterPattern(parsing: "(?:" + built.text + ")")
        for value in ["a", "a.b", "-", String(repeating: "z", count: 64), String(repeating: "z", count: 65), "é"]
            + Self.hostile
        {
            #expect(built.accepts(value) == written.accepts(value))
        }
    }

    @Test("a pattern is usable from many tasks at once")
    func concurrent() async throws {
        let pattern = try ParameterPattern(parsing: "[a-z]{1,8}")
        await withTaskGroup(of: Bool.self) { group in
            for index in 0..<200 { group.addTask { pattern.accepts("abc") && !pattern.accepts("A\(index)") } }
            for await matched in group { #expect(matched) }
        }
    }

    static let backtrackingPatterns = [
        "([a-z0-9]+-?)+", "(a+)+", "(a|aa)+", "(?:a?){200}a{200}", "(?:(?:(?:a*)*)*)*[a!b]", "([a-z!]*)*[0-9]",
        "(a|b|ab)*(c|d)", "(?=(a+))(a|aa)+[b-z]", "((a+)\\2?)+[^!]",
    ]

    @Test(
        "a value on which a pattern backtracks for ever does not match, and that is known at once",
        arguments: backtrackingPatterns
    )
    func backtracking(text: String) throws {
        let pattern = try ParameterPattern(parsing: text)
        let values = [27, 64, 255].map { String(repeating: "a", count: $0) + "!" }
        // Two to the power of 27 steps take seconds, of 255 longer than anybody waits.
        let time = ContinuousClock().measure {
            for value in values { #expect(!pattern.accepts(value) || text.contains("!")) }
        }
        #expect(time < .seconds(5))
    }

    @Test("a long value is judged right where there is nothing to backtrack to")
    func longValues() throws {
        let value = String(repeating: "ab-", count: 85)
        for text in ["([a-z]+-)+", "(?:ab|-)+", "(?:[a-z]|-){1,256}", "(?:(a)|(b)|(-))*", "(?:ab-){85}"] {
            let pattern = try ParameterPattern(parsing: text)
            #expect(pattern.accepts(value) && !pattern.accepts(value + "_"), "\(text)")
        }
    }

    @Test("digits and letters are those of ASCII, and all characters can be named")
    func characters() throws {
        #expect(try !ParameterPattern(parsing: "\\d+").accepts("٣"))
        #expect(try !ParameterPattern(parsing: "\\w+").accepts("é"))
        #expect(try ParameterPattern(parsing: "\\p{L}+").accepts("é"))
        #expect(try ParameterPattern(parsing: ".").accepts("😀"))
        #expect(try ParameterPattern(parsing: "(?i)straße").accepts("STRAßE"))
        #expect(try !ParameterPattern(parsing: "a$").accepts("a\n"))
        #expect(try ParameterPattern(parsing: "a|ab").accepts("ab"))
        #expect(throws: Mistake.self) { try ParameterPattern(parsing: "\\C") }
    }

    @Test("deeply nested and overlong patterns are errors, not crashes")
    func hostilePatterns() {
        for text in [String(repeating: "(", count: 256), String(repeating: "(?:", count: 5000), "a{2,1}", "[", "*"] {
            #expect(throws: Mistake.self) { try ParameterPattern(parsing: text) }
        }
        let nested = String(repeating: "(", count: 128) + String(repeating: ")", count: 128)
        #expect((try? ParameterPattern(parsing: nested))?.accepts("a") != true)
    }
}
