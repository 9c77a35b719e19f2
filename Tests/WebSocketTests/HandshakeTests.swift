import Testing

@testable import WebSocket

@Suite("The opening handshake")
struct HandshakeTests {
    static let good: [(name: String, value: String)] = [
        ("Host", "example.org"), ("Upgrade", "websocket"), ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Version", "13"),
    ]

    static func with(_ name: String, _ value: String?) -> [(name: String, value: String)] {
        var headers = self.good.filter { $0.name != name }
        if let value { headers.append((name, value)) }
        return headers
    }

    static func judge(
        _ headers: [(name: String, value: String)],
        method: String = "GET",
        minor: Int = 1
    ) -> WebSocketHandshake.Result {
        WebSocketHandshake.evaluate(method: method, version: (1, minor), headers: headers)
    }

    static func status(_ result: WebSocketHandshake.Result) -> Int {
        switch result {
        case .upgrade: 101
        case .refuse(let refusal): refusal.status
        case .notAnUpgrade: 0
        }
    }

    @Test("the example of RFC 6455 section 1.3")
    func example() throws {
        guard case .upgrade(let upgrade) = Self.judge(Self.good) else {
            Issue.record("refused")
            return
        }
        #expect(upgrade.acceptKey == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        let headers = upgrade.responseHeaders(subprotocol: "chat", extensions: "permessage-deflate")
        #expect(
            headers.map { "\($0.0): \($0.1)" } == [
                "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
                "Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Extensions: permessage-deflate",
            ]
        )
    }

    static let accepted: [[(name: String, value: String)]] = [
        with("Connection", "keep-alive, Upgrade"), with("Connection", "keep-alive ,\tuPGRADE"),
        with("Connection", "keep-alive") + [("connection", "upgrade")], with("Upgrade", "WebSocket"),
        with("Upgrade", "h2c, websocket"), with("Content-Length", "0"),
        with("Sec-WebSocket-Key", " dGhlIHNhbXBsZSBub25jZQ== "),
        good.map { (name: $0.name.lowercased(), value: $0.value) },
        good + [("Sec-WebSocket-Extensions", "unknown; x=1")],
    ]

    @Test("forms that must be taken", arguments: accepted)
    func accepts(_ headers: [(name: String, value: String)]) {
        #expect(Self.status(Self.judge(headers)) == 101)
    }

    static let refused: [([(name: String, value: String)], Int)] = [
        (with("Upgrade", nil), 400), (with("Upgrade", "h2c"), 400), (with("Upgrade", "websockets"), 400),
        (with("Connection", nil), 400), (with("Connection", "keep-alive"), 400), (with("Connection", "upgraded"), 400),
        (with("Host", nil), 400), (good + [("Host", "other")], 400),
        (with("Sec-WebSocket-Key", nil), 400), (with("Sec-WebSocket-Key", ""), 400),
        (with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ="), 400), (with("Sec-WebSocket-Key", "c2hvcnQ="), 400),
        (with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZ!=="), 400),
        (with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZSBsb25nZXI="), 400),
        (good + [("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")], 400),
        (with("Sec-WebSocket-Version", nil), 426), (with("Sec-WebSocket-Version", "8"), 426),
        (with("Sec-WebSocket-Version", "013"), 426), (with("Sec-WebSocket-Version", "13, 8"), 426),
        (with("Sec-WebSocket-Version", "x"), 426), (good + [("Sec-WebSocket-Version", "13")], 400),
        (good + [("Content-Length", "5")], 400), (good + [("Transfer-Encoding", "chunked")], 400),
        (good + [("Sec-WebSocket-Extensions", "a; b=\"")], 400), (good + [("Sec-WebSocket-Protocol", "a b")], 400),
    ]

    @Test("forms that must be refused", arguments: refused)
    func refuses(_ headers: [(name: String, value: String)], _ status: Int) {
        #expect(Self.status(Self.judge(headers)) == status)
    }

    @Test("other methods are 405 with Allow, HTTP/1.0 is 400, a wrong version is 426 with ours")
    func methodAndVersion() {
        guard case .refuse(let post) = Self.judge(Self.good, method: "POST"),
            case .refuse(let old) = Self.judge(Self.with("Sec-WebSocket-Version", "7"))
        else {
            Issue.record("not refused")
            return
        }
        #expect(post.status == 405 && post.headers.contains { $0 == ("Allow", "GET") })
        #expect(old.status == 426 && old.headers.contains { $0 == ("Sec-WebSocket-Version", "13") })
        #expect(Self.status(Self.judge(Self.good, method: "get")) == 405)
        #expect(Self.status(Self.judge(Self.good, minor: 0)) == 400)
    }

    @Test("a plain request is no handshake; a path that speaks WebSocket only answers it with 426")
    func plain() {
        #expect(Self.status(Self.judge([("Host", "a")])) == 0)
        #expect(Self.status(Self.judge([("Host", "a"), ("Upgrade", "h2c"), ("Connection", "Upgrade")])) == 0)
        let names = WebSocketHandshake.upgradeRequired.headers.map(\.0)
        #expect(WebSocketHandshake.upgradeRequired.status == 426)
        #expect(names == ["Upgrade", "Connection", "Sec-WebSocket-Version"])
    }

    @Test("subprotocols and extensions come out in order, over several lines, without repetitions")
    func offers() {
        let headers =
            Self.good + [
                ("Sec-WebSocket-Protocol", "b, a"), ("Sec-WebSocket-Protocol", "c,a"),
                ("Sec-WebSocket-Extensions", "x"), ("Sec-WebSocket-Extensions", "y; z"),
            ]
        guard case .upgrade(let upgrade) = Self.judge(headers) else {
            Issue.record("refused")
            return
        }
        #expect(upgrade.subprotocols == ["b", "a", "c"])
        #expect(upgrade.extensions.map(\.description) == ["x", "y; z"])
    }

    @Test("a client and a server agree")
    func client() throws {
        let client = ClientHandshake(subprotocols: ["one", "two"], offersDeflate: true)
        #expect(client.key != ClientHandshake().key)
        let request = client.requestHeaders(host: "example.org").map { (name: $0.0, value: $0.1) }
        guard case .upgrade(let upgrade) = Self.judge(request) else {
            Issue.record("refused")
            return
        }
        let answer = DeflateNegotiation.answer(upgrade.extensions, policy: .shared)
        let response = upgrade.responseHeaders(subprotocol: "two", extensions: answer?.header)
            .map { (name: $0.0, value: $0.1) }
        let result = try client.verify(status: 101, headers: response)
        #expect(result.subprotocol == "two")
        #expect(result.deflate?.incomingTakeover == false)

        #expect(throws: ClientHandshakeError.status(403)) { try client.verify(status: 403, headers: response) }
        #expect(throws: ClientHandshakeError.wrongAcceptKey) {
            try ClientHandshake(subprotocols: ["two"], offersDeflate: true).verify(status: 101, headers: response)
        }
        #expect(throws: ClientHandshakeError.noUpgrade) {
            try client.verify(status: 101, headers: response.filter { $0.name != "Upgrade" })
        }
        #expect(throws: ClientHandshakeError.unexpectedSubprotocol("three")) {
            try client.verify(
                status: 101,
                headers: response.filter { $0.name != "Sec-WebSocket-Protocol" } + [("Sec-WebSocket-Protocol", "three")]
            )
        }
        #expect(throws: ClientHandshakeError.self) {
            try client.verify(status: 101, headers: response + [("Sec-WebSocket-Extensions", "other")])
        }
    }
}

@Suite("Base64 and tokens")
struct HeaderSyntaxTests {
    @Test(
        "the vectors of RFC 4648",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy"),
        ]
    )
    func base64(_ plain: String, _ encoded: String) {
        #expect(HeaderSyntax.base64(plain.utf8) == encoded)
    }
}
