import Testing

@testable import WebSocket

@Suite("The opening handshake over HTTP/2")
struct ConnectHandshakeTests {
    static let connect: [(name: String, value: String)] = [("host", "example.org"), ("sec-websocket-version", "13")]

    static func judgeConnect(
        _ headers: [(name: String, value: String)] = connect,
        to protocolName: String = "websocket"
    ) -> WebSocketHandshake.Result {
        WebSocketHandshake.evaluate(connectProtocol: protocolName, headers: headers)
    }

    @Test("the example of RFC 8441 section 5.1: an extended CONNECT needs no key and gets none")
    func connectExample() throws {
        let headers =
            Self.connect + [
                ("sec-websocket-protocol", "chat, superchat"), ("sec-websocket-extensions", "permessage-deflate"),
                ("origin", "http://www.example.com"),
            ]
        guard case .upgrade(let upgrade) = Self.judgeConnect(headers, to: "WebSocket") else {
            Issue.record("refused")
            return
        }
        #expect(upgrade.acceptKey == nil)
        #expect(upgrade.subprotocols == ["chat", "superchat"] && upgrade.extensions.count == 1)
        let answer = upgrade.responseHeaders(subprotocol: "chat", extensions: nil)
        #expect(answer.map { "\($0.0): \($0.1)" } == ["Sec-WebSocket-Protocol: chat"])
    }

    @Test(
        "an extended CONNECT is refused for what a GET is refused for",
        arguments: [
            ([("host", "a"), ("sec-websocket-version", "8")], 426), ([("host", "a")], 426),
            (connect + [("sec-websocket-version", "13")], 400), ([("sec-websocket-version", "13")], 400),
            (connect + [("host", "b")], 400), (connect + [("content-length", "5")], 400),
            (connect + [("sec-websocket-protocol", "a b")], 400),
            (connect + [("sec-websocket-extensions", "x; =")], 400),
        ] as [([(name: String, value: String)], Int)]
    )
    func refusesConnect(_ headers: [(name: String, value: String)], _ status: Int) {
        #expect(HandshakeTests.status(Self.judgeConnect(headers)) == status)
    }

    @Test(
        "another protocol than websocket is not spoken",
        arguments: ["connect-udp", "websocket2", "", "web\u{17F}ocket"]
    )
    func otherProtocols(name: String) {
        #expect(HandshakeTests.status(Self.judgeConnect(to: name)) == 501)
    }
}
