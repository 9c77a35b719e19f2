import Foundation
import Testing

@Suite("Tokens")
struct TokenTests {
    private let rules = #""access": { "jwt": { "hs256": "\#(TokenIssuer.secret)" } },"#
    private let room = #"{ "path": "/rooms/{room}", "channel": { "echo": true } }"#

    @Test("come by header, query, cookie and subprotocol, and the answer never chooses the token where it has a choice")
    func places() async throws {
        let token = TokenIssuer.shared(user: "ada")
        try await withBridge(room, settings: rules) { bridge async throws in
            for headers in [["Authorization: Bearer \(token)"], ["Cookie: a=b; access_token=\(token)"]] {
                _ = try await bridge.webSocket("/rooms/a", headers: headers)
            }
            _ = try await bridge.webSocket("/rooms/a?access_token=\(token)")
            for (offered, chosen) in [
                (["pushbridge.v1", "bearer.\(token)"], "pushbridge.v1"), (["access_token", token], "access_token"),
                (["bearer", token, "pushbridge.v1"], "pushbridge.v1"), ([token], token),
            ] {
                let client = try await WebSocketClient.open(bridge.webSocketURL("/rooms/a"), subprotocols: offered)
                #expect(client.subprotocol == chosen)
            }
        }
    }

    @Test("end live connections of every kind when they expire: WebSockets with 1008, streams with their end")
    func expiry() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"n":1}"#))
        let backend = try await TCPBackend(.echo)
        let routes =
            room + ", " + pollRoute(upstream)
            + #", { "path": "/tunnel", "tunnel": { "to": "\#(backend.address)" } }"#
            + #", { "path": "/connect", "multiplex": {}, "access": {} }"#
        try await withBridge(routes, settings: rules) { bridge async throws in
            let begin = Date()
            let token = TokenIssuer.shared(user: "ada", seconds: 8)
            let header = "Authorization: Bearer \(token)"
            var clients: [WebSocketClient] = []
            for path in ["/rooms/a", "/scores/a", "/tunnel"] {
                clients.append(try await bridge.webSocket(path, headers: [header]))
            }
            clients.append(try await bridge.version1("/scores/a", headers: [header]))
            // The connection itself needs no token; what it subscribed does.
            let multiplexed = try await bridge.version1("/connect", headers: [header])
            try multiplexed.send(#"{"type":"subscribe","topic":"/scores/a"}"#)
            clients.append(multiplexed)
            let (stream, _) = try await EventStream.open(bridge.url("/scores/a"), "-H", header)
            let forever = try await bridge.webSocket(
                "/rooms/b",
                headers: ["Authorization: Bearer \(TokenIssuer.shared("{}"))"]
            )
            for client in clients {
                var last: WebSocketClient.Message?
                repeat {
                    last = try await client.next()
                } while last.map { if case .closed = $0 { false } else { true } } == true
                #expect(last == .closed(code: 1008, reason: "your credentials have expired; connect with new ones"))
            }
            while try await stream.next() != nil {}
            #expect(Date().timeIntervalSince(begin) >= 8)
            try forever.send("alive")
            #expect(try await forever.text() == "alive")
            #expect(try await Curl(bridge.url("/scores/a"), "-H", header).status == 401)
        }
    }

    @Test("end a long poll when they expire, with an answer")
    func longPoll() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        try await withBridge(pollRoute(upstream), settings: rules) { bridge in
            let url = bridge.url("/scores/a")
            let forever = "Authorization: Bearer \(TokenIssuer.shared("{}"))"
            let tag = try #require(try await Curl(url, "-H", forever)["ETag"])
            let header = "Authorization: Bearer \(TokenIssuer.shared(user: "ada", seconds: 6))"
            let begin = Date()
            let answer = try await Curl(url, "-H", header, "-H", "If-None-Match: \(tag)", "-H", "Prefer: wait=110")
            #expect(answer.status == 304)
            #expect(answer["ETag"] == tag)
            let applied = try #require(answer["Preference-Applied"])
            let seconds = try #require(applied.split(separator: "=").last.flatMap { Double($0) })
            #expect(seconds <= 6)
            #expect(Date().timeIntervalSince(begin) >= seconds)
        }
    }

    @Test("are checked with the keys of a URL, in every algorithm, and the keys may change while the bridge runs")
    func keySet() async throws {
        let pairs = [TokenKeyPair.p256("1"), .ed25519("2"), try await .rsa("3")]
        let provider = try await LegacyUpstream(.keySet(pairs[0], pairs[1], pairs[2]))
        let rules = #""access": { "jwt": { "jwks": "\#(provider.url("/keys"))", "issuer": "me", "audience": ["a"] } },"#
        let claims = #"{"sub":"ada","iss":"me","aud":"a"}"#
        func status(_ bridge: BridgeUnderTest, _ token: String) async throws -> Int {
            // The route takes WebSockets alone: 426 is said to those that may.
            try await Curl(bridge.url("/rooms/a"), "-H", "Authorization: Bearer \(token)").status
        }
        try await withBridge(room, settings: rules) { bridge async throws in
            for pair in pairs { #expect(try await status(bridge, pair.token(claims)) == 426, "\(pair.algorithm)") }
            #expect(provider.requests.count == 1)
            #expect(try await status(bridge, pairs[0].token(#"{"sub":"ada","iss":"you","aud":"a"}"#)) == 401)
            #expect(try await status(bridge, pairs[0].token(#"{"sub":"ada","iss":"me","aud":"b"}"#)) == 401)
            let stranger = TokenKeyPair.p256("1")
            #expect(try await status(bridge, stranger.token(claims)) == 401)
            // The public key as a shared secret.
            let header = #"{"alg":"HS256","kid":"3"}"#
            let confused = TokenIssuer.shared(claims, secret: pairs[2].member, header: header)
            #expect(try await status(bridge, confused) == 401)
            let next = TokenKeyPair.p256("4")
            provider.answer(.keySet(next))
            #expect(try await status(bridge, next.token(claims)) == 426)
            #expect(try await status(bridge, pairs[0].token(claims)) == 401)
        }
    }

    @Test("cannot be judged while their keys cannot be had: 503, and in as soon as they can")
    func outage() async throws {
        let pair = TokenKeyPair.p256("1")
        let provider = try await LegacyUpstream(.failure(500))
        let rules = #""access": { "jwt": { "jwks": "\#(provider.url("/keys"))" } },"#
        try await withBridge(room, settings: rules) { bridge async throws in
            let header = "Authorization: Bearer \(try await pair.token())"
            let answer = try await Curl(bridge.url("/rooms/a"), "-H", header)
            #expect(answer.status == 503)
            #expect(answer["Retry-After"] != nil)
            provider.answer(.keySet(pair))
            #expect(try await Curl(bridge.url("/rooms/a"), "-H", header).status == 426)
        }
    }

    @Test("must have the claims that a route requires")
    func claims() async throws {
        let rules = """
            "access": { "jwt": { "hs256": "\(TokenIssuer.secret)", "claims": { "role": ["admin", "editor"], "/org/id": 7 } } },
            """
        try await withBridge(room, settings: rules) { bridge async throws in
            for (claims, status) in [
                (#"{"role":"admin","org":{"id":7}}"#, 426), (#"{"role":["x","editor"],"org":{"id":[7]}}"#, 426),
                (#"{"role":"user","org":{"id":7}}"#, 403), (#"{"role":"admin","org":{"id":8}}"#, 403), ("{}", 403),
            ] {
                let token = TokenIssuer.shared(claims)
                let answer = try await Curl(bridge.url("/rooms/a"), "-H", "Authorization: Bearer \(token)")
                #expect(answer.status == status, "\(claims)")
            }
        }
    }
}
