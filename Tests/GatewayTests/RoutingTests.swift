import Testing

@testable import Gateway

@Suite("Request targets and routes") struct RoutingTests {
    @Test("a path is split before it is decoded, so an encoded slash stays inside its segment")
    func segments() throws {
        #expect(RequestTarget("/")?.segments == [])
        #expect(RequestTarget("/a/b%2Fc/d%20e")?.segments == ["a", "b/c", "d e"])
        #expect(RequestTarget("/a/")?.segments == ["a", ""])
        #expect(RequestTarget("/a//b")?.segments == ["a", "", "b"])
        #expect(RequestTarget("/caf%C3%A9")?.segments == ["café"])
        #expect(RequestTarget("/café/a b")?.segments == ["café", "a b"])
        // What is encoded stays so wherever it is written down.
        #expect(RequestTarget("/a%0Ab")?.rawPath == "/a%0Ab")
    }

    @Test("a query is taken apart, with plus for a space and equals signs in values")
    func query() throws {
        let target = try #require(RequestTarget("/x?a=1&b=c+d%26&e&f=g=h"))
        #expect(target.query("a") == "1")
        #expect(target.query("b") == "c d&")
        #expect(target.query("e") == "")
        #expect(target.query("f") == "g=h")
        #expect(target.query("z") == nil)
    }

    @Test("the absolute form is read as its path")
    func absoluteForm() {
        #expect(RequestTarget("http://example.org/a?b=1")?.segments == ["a"])
        #expect(RequestTarget("HTTP://example.org")?.segments == [])
        #expect(RequestTarget("http://example.org?b=1")?.query("b") == "1")
    }

    @Test(
        "what is no path is refused",
        arguments: ["", "*", "a", "ftp://x/", "/%", "/%4", "/%zz", "/%ff", "/a?b=%"]
            + ["/a\nb", "/a\r", "/a?b=\0", "/\u{1B}[31m", "/a\u{7F}", "/a\u{85}", "/a\u{2028}b", "/?\u{2029}"]
    )
    func refused(target: String) {
        #expect(RequestTarget(target) == nil)
    }

    private func route(_ pattern: String, files: Bool = false) -> GatewayRoute {
        let segments = pattern.split(separator: "/").map { segment in
            segment.hasPrefix("{")
                ? RoutePattern.Segment.parameter(String(segment.dropFirst().dropLast())) : .literal(String(segment))
        }
        return GatewayRoute(
            pattern: RoutePattern(text: pattern, segments: segments),
            origins: .sameOrigin,
            service: files ? .files(FilesService(embedded: [:])) : .channel(ChannelService())
        )
    }

    @Test("a whole match wins over a folder, a literal over a parameter, a longer folder over a shorter")
    func precedence() {
        let router = RouteTable([
            route("/", files: true), route("/docs", files: true), route("/rooms/{room}"), route("/rooms/lobby"),
        ])
        #expect(router.route(for: ["rooms", "lobby"])?.0.pattern.text == "/rooms/lobby")
        #expect(router.route(for: ["rooms", "x"])?.parameters == ["room": "x"])
        #expect(router.route(for: ["rooms", "x", "y"])?.0.pattern.text == "/")
        #expect(router.route(for: ["docs", "a.html"])?.0.pattern.text == "/docs")
        #expect(router.route(for: [])?.0.pattern.text == "/")
        #expect(router.route(for: ["rooms", ""])?.0.pattern.text == "/")
    }

    @Test("of two patterns that match, the one whose literal comes first wins, whatever their order")
    func leftToRight() {
        for patterns in [["/{a}/live", "/scores/{league}"], ["/scores/{league}", "/{a}/live"]] {
            let table = RouteTable(patterns.map { route($0) })
            #expect(table.route(for: ["scores", "live"])?.0.pattern.text == "/scores/{league}")
            #expect(table.route(for: ["x", "live"])?.parameters == ["a": "x"])
        }
    }

    @Test("without a folder an unknown path has no route")
    func unknown() {
        #expect(RouteTable([route("/a")]).route(for: ["b"]) == nil)
    }
}

@Suite("Origins") struct OriginPolicyTests {
    @Test("programs without an origin and pages of the same origin may always connect")
    func sameOrigin() {
        let policy = OriginPolicy.sameOrigin
        #expect(policy.allows(origin: nil, host: "a.example"))
        #expect(policy.allows(origin: "http://a.example", host: "a.example"))
        #expect(policy.allows(origin: "https://A.example", host: "a.example:443"))
        #expect(policy.allows(origin: "http://127.0.0.1:8080", host: "127.0.0.1:8080"))
    }

    @Test(
        "pages of other origins may not",
        arguments: [
            "http://evil.example", "http://a.example.evil.example", "http://a.example:81", "null", "", "a.example",
            "file://a.example", "http://a.example/",
        ]
    )
    func otherOrigin(origin: String) {
        #expect(!OriginPolicy.sameOrigin.allows(origin: origin, host: "a.example"))
        #expect(!OriginPolicy.sameOrigin.allows(origin: origin, host: nil))
        #expect(OriginPolicy.any.allows(origin: origin, host: "a.example"))
    }

    @Test("listed origins may")
    func listed() {
        let policy = OriginPolicy.listed(["https://app.example"])
        #expect(policy.allows(origin: "https://app.example", host: "a.example"))
        #expect(!policy.allows(origin: "http://app.example", host: "a.example"))
        #expect(!policy.allows(origin: "https://app.example:444", host: "a.example"))
    }
}
