import Testing

@testable import PushbridgeClient

@Suite("The URL of a client connection")
struct ClientURLTests {
    @Test("the parts of a handshake")
    func parts() throws {
        let url = try ClientURL("wss://me:s%20x@[::1]:8443/a%20b?c=d")
        #expect(url.isSecure && url.host == "::1" && url.port == 8443)
        #expect(url.hostHeader == "[::1]:8443" && url.target == "/a%20b?c=d" && url.credentials == "me:s x")
        #expect(try ClientURL("http://h").hostHeader == "h")
        #expect(try ClientURL("ws://h:443").hostHeader == "h:443")
        #expect(try ClientURL("WS://h?x").target == "/?x")
    }

    @Test(
        "what cannot be connected to is refused",
        arguments: ["", "h:1", "ftp://h", "ws://", "ws://h/#x", "ws://h:0/"]
    )
    func refused(text: String) {
        #expect(throws: ClientConnectionError.self) { try ClientURL(text) }
    }
}
