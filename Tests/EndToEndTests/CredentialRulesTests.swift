import Foundation
import Testing

/// Routes of every kind, and the services behind them.
private struct EveryKind {
    let upstream: LegacyUpstream
    let backend: TCPBackend
    let folder: TemporaryFolder

    init() async throws {
        upstream = try await LegacyUpstream(.json(#"{"n":1}"#))
        backend = try await TCPBackend(.echo)
        folder = try TemporaryFolder()
        try folder.write("pages/index.html", "secret page")
        // Made by `openssl passwd -apr1`, of "correct horse".
        try folder.write("users", "ada:$apr1$abcdefgh$sIQmFnT1CuEXAsyjuXjUX/\n")
    }

    var routes: String {
        """
        \(pollRoute(upstream)), { "path": "/tunnel", "tunnel": { "to": "\(backend.address)" } },
        { "path": "/rooms/{room}", "channel": {} }, { "path": "/connect", "multiplex": {} },
        { "path": "/pages", "files": { "root": "\(folder.url.appending(path: "pages").path())" } }
        """
    }

    /// Basic or a token.
    var access: String {
        """
        "access": { "basic": "\(folder.url.appending(path: "users").path())",
                    "jwt": { "hs256": "\(TokenIssuer.secret)" } },
        """
    }

    static let webSockets = ["/scores/a", "/tunnel", "/rooms/a", "/connect"]
}

extension BridgeUnderTest {
    /// The status that a handshake is answered with.
    fileprivate func handshake(_ path: String, _ headers: [String] = [], subprotocols: [String] = []) async throws
        -> Int
    {
        do {
            _ = try await WebSocketClient.open(webSocketURL(path), subprotocols: subprotocols, headers: headers)
            return 101
        } catch let refusal as WebSocketClient.Refused {
            return refusal.status
        }
    }
}

@Suite("Routes that ask for credentials")
struct CredentialRulesTests {
    private let basic = "Authorization: Basic " + Data("ada:correct horse".utf8).base64EncodedString()

    @Test("nobody gets anything from any kind of route without them, and nothing behind it is touched")
    func without() async throws {
        let kinds = try await EveryKind()
        try await withBridge(kinds.routes, settings: kinds.access) { bridge async throws in
            for path in EveryKind.webSockets {
                for subprotocol in [[], ["pushbridge.v1"], ["binary"]] {
                    #expect(try await bridge.handshake(path, subprotocols: subprotocol) == 401, "\(path)")
                }
            }
            for path in EveryKind.webSockets + ["/pages/", "/pages/index.html", "/pages/none"] {
                for more in [[], ["-I"], ["-X", "OPTIONS"], ["-X", "POST"], ["-H", "Accept: text/event-stream"]] {
                    let answer = try await Curl(bridge.url(path), arguments: more)
                    #expect(answer.status == 401, "\(more) \(path)")
                    #expect(
                        answer.headers["www-authenticate"] == [
                            #"Basic realm="pushbridge", charset="UTF-8""#, #"Bearer realm="pushbridge""#,
                        ]
                    )
                }
            }
            let waiting = try await Curl(bridge.url("/scores/a"), "-H", "Prefer: wait=5", "-H", #"If-None-Match: "x""#)
            #expect(waiting.status == 401)
            #expect(kinds.upstream.requests.isEmpty)
            #expect(kinds.backend.connections.isEmpty)
        }
    }

    @Test("whoever has them gets everything, by password and by token")
    func with() async throws {
        let kinds = try await EveryKind()
        try await withBridge(kinds.routes, settings: kinds.access) { bridge async throws in
            for credentials in [basic, "Authorization: Bearer " + TokenIssuer.shared(user: "ada")] {
                for path in EveryKind.webSockets {
                    #expect(try await bridge.handshake(path, [credentials]) == 101, "\(path)")
                }
                #expect(try await Curl(bridge.url("/pages/"), "-H", credentials).text == "secret page")
                let document = try await Curl(bridge.url("/scores/a"), "-H", credentials)
                #expect(document.text == #"{"n":1}"#)
                #expect(document["Cache-Control"] == "private, no-cache")
                let (stream, head) = try await EventStream.open(bridge.url("/scores/a"), "-H", credentials)
                #expect(head["Cache-Control"] == "private, no-cache")
                #expect(try await stream.next()?.data == #"{"n":1}"#)
                stream.close()
            }
            #expect(try await Curl(bridge.url("/pushbridge.js")).status == 200)
        }
    }

    @Test("the log says why somebody was refused, and neither answer nor log says what was tried")
    func reasons() async throws {
        let kinds = try await EveryKind()
        let expired = TokenIssuer.shared(user: "ada", seconds: -5)
        let attempts = [
            ("Authorization: Basic " + Data("ada:topsecret".utf8).base64EncodedString(), "wrong user or password"),
            ("Authorization: Basic " + Data("eve:topsecret".utf8).base64EncodedString(), "wrong user or password"),
            ("Authorization: Bearer " + expired, "the token has expired"),
            ("Authorization: Bearer " + TokenIssuer.shared("{}", secret: "other"), "the token's signature is wrong"),
        ]
        try await withBridge(kinds.routes, settings: kinds.access) { bridge async throws in
            var answers: Set<String> = []
            for (credentials, reason) in attempts {
                let answer = try await Curl(bridge.url("/scores/a"), "-H", credentials)
                #expect(answer.status == 401)
                answers.insert(answer.text)
                try await eventually("the reason in the log") { bridge.process.errors.contains(reason) }
            }
            #expect(answers.count == 1)
            for secret in ["topsecret", expired, "horse", TokenIssuer.secret] {
                #expect(!bridge.process.errors.contains(secret))
            }
        }
    }

    @Test("malformed and hostile credentials are refused, and the bridge lives on")
    func hostile() async throws {
        let kinds = try await EveryKind()
        let none = TokenIssuer.content(#"{"alg":"none"}"#, #"{"sub":"ada"}"#)
        let good = TokenIssuer.shared(user: "ada")
        let nested = TokenIssuer.shared(String(repeating: "[", count: 3000))
        try await withBridge(kinds.routes, settings: kinds.access) { bridge async throws in
            for value in [
                "Basic", "Basic ", "Basic !", "Basic YQ", "Basic YWRh", "Basic /w==", "basic OjE=", "Basic YTpiAA==",
                "Basic \(String(repeating: "QUFB", count: 1500))", "Bearer", "Bearer ", "Bearer a.b.c", "Bearer ..",
                "Bearer \(none).", "Bearer \(none)", "Bearer \(good)x", "Bearer \(good)=", "Bearer \(good.dropLast(8))",
                "Bearer \(good).\(good)", "Bearer \(good) \(good)", "Digest username=ada", "Negotiate AAAA", good,
                "Bearer \(nested)", "Bearer \(TokenIssuer.shared(#"{"exp":1e999}"#))",
                "Bearer \(TokenIssuer.shared("{}", header: #"{"alg":"HS256","crit":["x"],"x":1}"#))",
                "Bearer \(TokenIssuer.shared("{}", header: #"{"alg":"HS512"}"#))",
                "Bearer \(TokenIssuer.shared(#"{"sub":"\#(String(repeating: "a", count: 8000))"}"#))",
            ] {
                let answer = try await Curl(bridge.url("/scores/a"), "-H", "Authorization: \(value)")
                #expect(answer.status == 401, "\(value.prefix(60))")
            }
            let twice = try await Curl(bridge.url("/scores/a"), "-H", basic, "-H", "authorization: Bearer \(good)")
            #expect(twice.status == 401)
            let large = try await Curl(
                bridge.url("/scores/a"),
                "-H",
                "Authorization: Bearer " + String(repeating: "a", count: 20_000)
            )
            #expect(large.status == 431)
            #expect(kinds.upstream.requests.isEmpty)
            #expect(try await Curl(bridge.url("/scores/a"), "-H", basic).status == 200)
        }
    }

    @Test("a route's own rules take the place of those at the top")
    func ownRules() async throws {
        let kinds = try await EveryKind()
        let routes =
            kinds.routes + #", { "path": "/open", "channel": {}, "access": { "origins": "*" } }"#
            + #", { "path": "/mine", "channel": {}, "access": { "jwt": { "hs256": "another secret, of 32 bytes and" } } }"#
        try await withBridge(routes, settings: kinds.access) { bridge async throws in
            #expect(try await bridge.handshake("/open") == 101)
            #expect(try await bridge.handshake("/mine", [basic]) == 401)
            let token = TokenIssuer.shared("{}", secret: "another secret, of 32 bytes and")
            #expect(try await bridge.handshake("/mine", ["Authorization: Bearer \(token)"]) == 101)
            #expect(try await bridge.handshake("/rooms/a", ["Authorization: Bearer \(token)"]) == 401)
        }
    }

    @Test("a browser's question before a request needs none, and pages see that they are asked for them")
    func preflight() async throws {
        let kinds = try await EveryKind()
        let settings = kinds.access.replacing(
            #""access": {"#,
            with: #""access": { "origins": ["https://app.example"],"#
        )
        try await withBridge(kinds.routes, settings: settings) { bridge async throws in
            let origin = "Origin: https://app.example"
            let preflight = try await Curl(
                bridge.url("/scores/a"),
                arguments: [
                    "-X", "OPTIONS", "-H", origin, "-H", "Access-Control-Request-Method: GET", "-H",
                    "Access-Control-Request-Headers: authorization",
                ]
            )
            #expect(preflight.status == 204)
            #expect(preflight["Access-Control-Allow-Headers"]?.lowercased().contains("authorization") == true)
            let answer = try await Curl(bridge.url("/scores/a"), "-H", origin)
            #expect(answer.status == 401)
            #expect(answer["Access-Control-Allow-Origin"] == "https://app.example")
            #expect(answer["Access-Control-Allow-Credentials"] == "true")
            // A page of another site does not get as far as the password.
            let refusal = await #expect(throws: WebSocketClient.Refused.self) {
                _ = try await WebSocketClient.open(
                    bridge.webSocketURL("/rooms/a"),
                    origin: "https://evil.example",
                    headers: [basic]
                )
            }
            #expect(refusal?.status == 403)
        }
    }

    @Test("a multiplexed subscription is judged by the rules of the topic's route, in order with what follows")
    func multiplex() async throws {
        let kinds = try await EveryKind()
        let routes = kinds.routes.replacing(#""multiplex": {}"#, with: #""multiplex": {}, "access": {}"#)
        try await withBridge(routes, settings: kinds.access) { bridge async throws in
            let stranger = try await bridge.version1("/connect")
            try stranger.send(#"{"type":"subscribe","topic":"/scores/a","ref":1}"#)
            try stranger.send(#"{"type":"subscribe","topic":"/rooms/a","ref":2}"#)
            try stranger.send(#"{"type":"send","topic":"/rooms/a","data":1,"ref":3}"#)
            try stranger.send(#"{"type":"ping"}"#)
            for (reference, code) in [(1.0, 401.0), (2, 401), (3, 409)] {
                let answer = try await stranger.json()
                #expect(answer["ref"] == .number(reference))
                #expect(answer["code"] == .number(code))
            }
            #expect(try await stranger.json()["type"] == "pong")
            #expect(kinds.upstream.requests.isEmpty)
            // A token of the topic's own.
            let token = TokenIssuer.shared(user: "ada")
            try stranger.send(#"{"type":"subscribe","topic":"/scores/a?access_token=\#(token)"}"#)
            #expect(try await stranger.json()["type"] == "snapshot")
            let ada = try await bridge.version1("/connect", headers: [basic])
            try ada.send(#"{"type":"subscribe","topic":"/scores/a"}"#)
            try ada.send(#"{"type":"unsubscribe","topic":"/scores/a"}"#)
            #expect(try await ada.json()["type"] == "snapshot")
            #expect(try await ada.json()["type"] == "unsubscribed")
        }
    }

    @Test("the users of a file are read again by SIGHUP, and a broken file changes nothing")
    func reload() async throws {
        let kinds = try await EveryKind()
        try await withBridge(kinds.routes, settings: kinds.access) { bridge async throws in
            let connected = try await bridge.webSocket("/scores/a", headers: [basic])
            _ = try await connected.text()
            // "eve" with the same password.
            try kinds.folder.write("users", "eve:$apr1$abcdefgh$sIQmFnT1CuEXAsyjuXjUX/\n")
            bridge.process.signal(SIGHUP)
            let eve = "Authorization: Basic " + Data("eve:correct horse".utf8).base64EncodedString()
            try await eventually("eve's entry") {
                try await Curl(bridge.url("/scores/a"), "-H", eve).status == 200
            }
            #expect(try await Curl(bridge.url("/scores/a"), "-H", basic).status == 401)
            try kinds.folder.write("users", "eve:plain text\n")
            bridge.process.signal(SIGHUP)
            try await eventually("the mistake in the log") {
                bridge.process.errors.contains("line 1: neither bcrypt")
            }
            #expect(try await Curl(bridge.url("/scores/a"), "-H", eve).status == 200)
            kinds.upstream.answer(.json(#"{"n":2}"#))
            #expect(try await connected.text() == #"{"n":2}"#)
        }
    }

    @Test("files that hold no users or keys are found before the start, with their place")
    func wrongFiles() async throws {
        let folder = try TemporaryFolder()
        try folder.write("users", "# users\nada:plain\n")
        try folder.write("keys.json", #"{"keys":[]}"#)
        try folder.write("pem", "not PEM")
        let file = try folder.write(
            "config.json",
            """
            { "access": { "basic": "users" },
              "routes": [
                { "path": "/a", "channel": {}, "access": { "jwt": { "jwks": "keys.json" } } },
                { "path": "/b", "channel": {}, "access": { "jwt": { "key": "pem" } } },
                { "path": "/c", "tunnel": { "to": "tls://127.0.0.1:1",
                    "tls": { "ca": "pem" } } }
              ] }
            """
        )
        for command in ["serve", "check"] {
            let run = try await Run(Places.program, [command, "--config", file.path()])
            #expect(run.ending == .exited(78))
            for expected in [
                "config.json:1: access.basic: ", "line 2: neither bcrypt",
                "config.json:3: routes[0].access.jwt.jwks: ", "holds no key that can check",
                "config.json:4: routes[1].access.jwt.key: ", "holds no public key in PEM form",
                "config.json:6: routes[2].tunnel.tls.ca: ", "holds no certificate in PEM form",
            ] {
                #expect(run.errors.contains(expected), "\(expected) in \(run.errors)")
            }
        }
    }
}
