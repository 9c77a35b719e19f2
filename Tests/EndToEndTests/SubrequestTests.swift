import Foundation
import Testing

@Suite("Another server that decides")
struct SubrequestTests {
    private let room = #"{ "path": "/rooms/{room}", "channel": {} }"#

    private func rules(_ server: LegacyUpstream, _ more: String = "") -> String {
        #""access": { "request": { "url": "\#(server.url("/check"))"\#(more) } },"#
    }

    private func status(_ bridge: BridgeUnderTest, _ cookie: String, path: String = "/rooms/a") async throws -> Int {
        try await Curl(bridge.url(path), "-H", "Cookie: \(cookie)").status
    }

    /// Lets in whoever has the cookie "in", and says what it says to others.
    private func server() async throws -> LegacyUpstream {
        try await LegacyUpstream { request in
            switch request.headers.first(name: "Cookie") {
            case "in": .init(status: 204, contentType: nil)
            case "login": .init(status: 302, headers: [("Location", "/login")])
            case "broken": .failure(500)
            case "silent": .silent
            case "who": .init(status: 401, headers: [("WWW-Authenticate", "Basic realm=\"there\"")])
            default: request.uri == "/login" ? .json("welcome") : .failure(403)
            }
        }
    }

    @Test("lets in by 2xx, and by nothing else")
    func decides() async throws {
        let server = try await server()
        try await withBridge(room, settings: rules(server, #", "timeout": "3s""#)) { bridge async throws in
            // The route takes WebSockets alone: 426 is said to those that may.
            #expect(try await status(bridge, "in") == 426)
            _ = try await bridge.webSocket("/rooms/a", headers: ["Cookie: in"])
            for (cookie, expected) in [("out", 403), ("login", 403), ("broken", 503), ("silent", 503)] {
                #expect(try await status(bridge, cookie) == expected, "\(cookie)")
                let refusal = await #expect(throws: WebSocketClient.Refused.self) {
                    _ = try await bridge.webSocket("/rooms/a", headers: ["Cookie: \(cookie)"])
                }
                #expect(refusal?.status == expected)
            }
            let unknown = try await Curl(bridge.url("/rooms/a"), "-H", "Cookie: who")
            #expect(unknown.status == 401)
            #expect(unknown["WWW-Authenticate"] == #"Basic realm="there""#)
            #expect(!server.requests.contains { $0.uri == "/login" })
            try await server.kill()
            #expect(try await status(bridge, "in", path: "/rooms/b") == 503)
        }
    }

    @Test("is told who asks for what, and believes no client about it")
    func question() async throws {
        let server = try await server()
        try await withBridge(room, settings: rules(server)) { bridge async throws in
            _ = try await Curl(
                bridge.url("/rooms/a?x=1"),
                arguments: [
                    "-H", "Cookie: in", "-H", "X-Original-URI: /public", "-H", "X-Forwarded-For: 10.0.0.1", "-H",
                    "User-Agent: test",
                ]
            )
            let question = try #require(server.requests.first)
            #expect(question.method == "GET")
            #expect(question.uri == "/check")
            for (name, value) in [
                ("X-Original-URI", "/rooms/a?x=1"), ("X-Original-Method", "GET"), ("X-Forwarded-For", "127.0.0.1"),
                ("X-Forwarded-Host", "127.0.0.1:\(bridge.port)"), ("User-Agent", "test"),
            ] {
                #expect(question.headers[name] == [value], "\(name)")
            }
        }
    }

    @Test("is asked once for the same question within the time, and each time where it says so")
    func cache() async throws {
        let server = try await server()
        try await withBridge(room, settings: rules(server, #", "cache": "10m""#)) { bridge async throws in
            for _ in 0..<3 { #expect(try await status(bridge, "in") == 426) }
            #expect(server.requests.count == 1)
            #expect(try await status(bridge, "out") == 403)
            #expect(try await status(bridge, "in", path: "/rooms/b") == 426)
            #expect(server.requests.count == 3)
            server.answer(.init(status: 200, headers: [("Cache-Control", "no-store")]))
            for _ in 0..<2 { #expect(try await status(bridge, "new") == 426) }
            #expect(server.requests.count == 5)
        }
    }
}
