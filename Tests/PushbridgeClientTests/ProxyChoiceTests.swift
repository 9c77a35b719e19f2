import Testing

@testable import PushbridgeClient

@Suite("The proxy of a client connection")
struct ProxyChoiceTests {
    private func proxy(_ url: String, _ environment: [String: String]) throws -> String? {
        try ProxyChoice.environment(environment, for: ClientURL(url))?.address
    }

    @Test("each scheme has its variable, in either case, and ALL_PROXY stands behind both")
    func variables() throws {
        #expect(try proxy("ws://h/", ["http_proxy": "http://p:3128", "HTTPS_PROXY": "q:1"]) == "p:3128")
        #expect(try proxy("wss://h/", ["http_proxy": "http://p:3128", "HTTPS_PROXY": "q:1"]) == "q:1")
        #expect(try proxy("wss://h/", ["ALL_PROXY": "http://[::1]:9"]) == "[::1]:9")
        #expect(try proxy("wss://h/", [:]) == nil)
        #expect(throws: ClientConnectionError.self) { try proxy("ws://h/", ["HTTP_PROXY": "socks5://p:1"]) }
    }

    @Test("NO_PROXY names hosts, their domains and ports; loopback is never reached through a proxy")
    func exemptions() throws {
        func isDirect(_ url: String, _ noProxy: String) throws -> Bool {
            try proxy(url, ["ALL_PROXY": "p:1", "no_proxy": noProxy]) == nil
        }
        #expect(try isDirect("ws://a.example/", "b.example, .example"))
        #expect(try isDirect("ws://a.example/", "A.EXAMPLE"))
        #expect(try !isDirect("ws://ba.example/", "a.example"))
        #expect(try isDirect("ws://h:8080/", "h:8080"))
        #expect(try !isDirect("ws://h:8081/", "h:8080"))
        #expect(try isDirect("ws://h/", "*"))
        #expect(try isDirect("ws://127.0.0.1/", "") && isDirect("ws://localhost/", "") && isDirect("ws://[::1]/", ""))
    }

    @Test("TLS with an address is not begun through a proxy: the certificate would be checked for the proxy's")
    func addresses() throws {
        func opens(_ url: String, _ proxy: String?) -> Bool {
            var options = ClientConnectionOptions()
            options.proxy = proxy.map { .url($0) } ?? .none
            return (try? ClientOpening(url, options: options)) != nil
        }
        #expect(!opens("wss://192.0.2.1/", "http://p:3128"))
        #expect(!opens("wss://[2001:db8::1]/", "http://p:3128"))
        #expect(opens("wss://192.0.2.1/", nil))
        #expect(opens("ws://192.0.2.1/", "http://p:3128"))
        #expect(opens("wss://bridge.example/", "http://p:3128"))
        var options = ClientConnectionOptions()
        options.proxy = .url("http://p:3128")
        let words = "cannot be checked through a proxy (p:3128)"
        #expect {
            try ClientOpening("wss://192.0.2.1/", options: options)
        } throws: { "\($0)".contains(words) && "\($0)".contains("NO_PROXY") }
    }

    @Test("name and password of a proxy are sent to it")
    func credentials() throws {
        #expect(try ProxyChoice("http://u:p@h:1").authorization == "Basic dTpw")
    }
}
