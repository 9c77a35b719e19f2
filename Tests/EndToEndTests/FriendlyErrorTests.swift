import Foundation
import Testing

@Suite("What people meet when something is wrong")
struct FriendlyErrorTests {
    private let room = #"{ "path": "/rooms/{room}", "channel": {} }"#

    @Test("a WebSocket on a path without a route is 404, and says where routes are written")
    func wrongPath() async throws {
        try await withBridge(room) { bridge in
            let refused = await #expect(throws: WebSocketClient.Refused.self) { try await bridge.webSocket("/room/a") }
            #expect(refused?.status == 404)
            #expect(refused?.body.contains(#"no route has this path: see \"routes\""#) == true)
        }
    }

    @Test("plain HTTP to a path that speaks WebSocket only is 426, and says which URL to use")
    func plainHTTP() async throws {
        let backend = try await TCPBackend(.silent)
        try await withBridge("\(room), \(tunnelRoute(backend))") { bridge in
            for path in ["/rooms/a", "/tunnel"] {
                let answer = try await Curl(bridge.url(path))
                #expect(answer.status == 426 && answer["Upgrade"] == "websocket")
                #expect(answer.text.contains("use ws:// or wss:// instead of http:// or https://"))
            }
        }
    }

    @Test("TLS to a listener without it is told to the operator, once for many")
    func tlsToPlain() async throws {
        try await withBridge(room, settings: #""admin": { "port": 0 }, "eventLoops": 1,"#) { bridge in
            for _ in 1...3 {
                await #expect(throws: (any Error).self) { _ = try await Curl("https://127.0.0.1:\(bridge.port)/") }
            }
            let words = "a client speaks TLS to a listener without TLS"
            try await bridge.process.says(words)
            let metrics = try await Curl(try await bridge.admin() + "/metrics").text
            #expect(metrics.contains(#"pushbridge_handshakes_rejected_total{reason="tls"} 3"#))
            #expect(bridge.process.errors.components(separatedBy: words).count == 2)
            // The listener is as good as before.
            #expect(try await Curl(bridge.url("/none")).status == 404)
        }
    }

    @Test("an upstream that refuses is 502 for the client, and advice for the operator")
    func upstreamRefuses() async throws {
        let port = Ports.next()
        let route = #"{ "path": "/scores", "poll": { "url": "http://127.0.0.1:\#(port)/legacy" } }"#
        try await withBridge(route) { bridge in
            let answer = try await Curl(bridge.url("/scores"))
            #expect(answer.status == 502)
            #expect(answer.text.contains("the upstream refused the connection"))
            try await bridge.process.says("127.0.0.1 port \(port)", "start the upstream")
        }
    }

    @Test("a tunnel's backend that refuses is 502 for the client, and advice for the operator; so says check --connect")
    func backendRefuses() async throws {
        let port = Ports.next()
        let route = #"{ "path": "/tunnel", "tunnel": { "to": "tcp://127.0.0.1:\#(port)" } }"#
        try await withBridge(route) { bridge in
            let refused = await #expect(throws: WebSocketClient.Refused.self) { try await bridge.webSocket("/tunnel") }
            #expect(refused?.status == 502)
            try await bridge.process.says("127.0.0.1:\(port): Connection refused", "start the backend")
        }
        let folder = try TemporaryFolder()
        let file = try folder.write("config.json", "{ \"routes\": [\(route)] }")
        let check = try await Run(Places.program, ["check", "--connect", "--config", file.path()])
        #expect(check.ending == .exited(78))
        #expect(
            check.output.contains("127.0.0.1:\(port): Connection refused (nothing listens there: start the backend"),
            "\(check.output)"
        )
    }

    @Test(
        "without libcurl what would fetch says what to install, and the rest works",
        arguments: ["serve", "demo", "check", "probe"]
    )
    func noLibcurl(command: String) async throws {
        let folder = try TemporaryFolder()
        // Where libraries are looked for first, and what lies there is none.
        for name in ["libcurl.so.4", "libcurl-gnutls.so.4", "libcurl-nss.so.4"] { _ = try folder.write(name, "") }
        let file = try folder.write("config.json", "{ \"routes\": [\(room)] }")
        let environment = ["PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": folder.url.path()]
        let arguments =
            switch command {
            case "demo": ["--port", "0"]
            case "probe": ["http://127.0.0.1:1/"]
            default: ["--config", file.path()]
            }
        let run = try await Run(Places.program, [command] + arguments, environment: environment)
        #expect(run.ending == .exited(70))
        #expect(run.output.isEmpty)
        #expect(run.errors.contains("libcurl, which fetches from endpoints, cannot be used: "))
        #expect(run.errors.contains(#""apt-get install libcurl4""#))
        #expect(try await Run(Places.program, [command, "--help"], environment: environment).ending == .exited(0))
    }

    /// What `pushbridge watch` says of a URL that it cannot use.
    private func watch(_ url: String, _ options: String..., code: Int32 = 69) async throws -> String {
        let run = try await Run(Places.program, ["watch", url] + options)
        #expect(run.ending == .exited(code), "\(run.errors)")
        #expect(!run.errors.contains("SSL"), "no names of another's functions: \(run.errors)")
        return run.errors
    }

    @Test("a client that meets another kind of port, or a certificate that it cannot trust, says what to do")
    func clientSide() async throws {
        let folder = try await TemporaryFolder.withCertificate()
        let listen = #"""
            "listen": [
              { "host": "127.0.0.1", "port": 0 },
              { "host": "127.0.0.1", "port": 0, "tls": { "certificate": "cert.pem", "key": "key.pem" } },
            ],
            """#
        let file = try folder.write("config.json", "{ \(listen) \"drain\": \"100ms\", \"routes\": [\(room)] }")
        try await within(Turnstile.bridges) {
            let bridge = try await BridgeUnderTest.start(["serve", "--config", file.path()], folder: folder)
            let secure = try #require(try await bridge.process.line()?.split(separator: ":").last)
            #expect(try await watch("wss://127.0.0.1:\(secure)/rooms/a").contains("given as CA file"))
            #expect(
                try await watch("wss://127.0.0.1:\(secure)/rooms/a", "--ca", file.path())
                    .contains("no certificate in PEM form can be read from \(file.path())")
            )
            #expect(
                try await watch("ws://127.0.0.1:\(secure)/rooms/a")
                    .contains("This port speaks TLS: use https:// or wss:// instead")
            )
            #expect(
                try await watch("wss://127.0.0.1:\(bridge.port)/rooms/a")
                    .contains("it does not speak TLS there; a port without TLS is reached by ws://")
            )
            #expect(
                try await watch("ws://127.0.0.1:\(bridge.port)/room/a")
                    .contains(#"404 instead of 101: no route has this path: see "routes" in the bridge's"#)
            )
            try await bridge.stop()
        }
        #expect(
            try await watch("rooms/a", code: 64).contains(#""rooms/a" cannot be connected to: a URL such as ws://"#)
        )
    }
}
