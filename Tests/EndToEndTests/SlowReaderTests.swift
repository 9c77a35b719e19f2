import Foundation
import Testing

@Suite("An answer that its client reads slowly")
struct SlowReaderTests {
    /// More than sockets hold.
    private let document = #""\#(String(repeating: "a", count: 7 << 20))""#
    private let request = "GET /scores/a HTTP/1.1\r\nHost: a\r\n\r\n"

    /// A client that has asked, and reads nothing so far.
    private func client(_ bridge: BridgeUnderTest) async throws -> RawConnection {
        // Fetched before, so that the answer begins at once.
        try await passTurn(bridge)
        let client = try await RawConnection.open(port: bridge.port, reads: false)
        try await client.send(request)
        return client
    }

    /// Returns when the bridge's one event loop has seen all that came before.
    private func passTurn(_ bridge: BridgeUnderTest) async throws {
        for _ in 0..<3 {
            #expect(try await Curl(bridge.url("/scores/a"), "--head", "-H", "Connection: close").status == 200)
        }
    }

    private func expectWhole(_ client: RawConnection) async throws {
        try await client.startReading()
        let answer = try Curl(answer: try await client.end())
        #expect(answer.status == 200)
        #expect(answer["Content-Length"] == "\(document.utf8.count)")
        #expect(answer.body.count == document.utf8.count)
    }

    @Test("arrives whole though the client has ended its side")
    func halfClose() async throws {
        let upstream = try await LegacyUpstream(.json(document))
        try await withBridge(pollRoute(upstream, interval: "60s"), settings: #""eventLoops": 1,"#) { bridge in
            let client = try await client(bridge)
            try await passTurn(bridge)
            try await client.endOutput()
            try await passTurn(bridge)
            try await expectWhole(client)
        }
    }

    @Test("arrives whole though the bridge stops")
    func drain() async throws {
        let upstream = try await LegacyUpstream(.json(document))
        try await within(Turnstile.bridges) {
            let bridge = try await BridgeUnderTest.serve(
                pollRoute(upstream, interval: "60s"),
                settings: #""eventLoops": 1, "drain": "20s","#
            )
            let client = try await client(bridge)
            try await passTurn(bridge)
            bridge.process.signal(SIGTERM)
            try await bridge.process.says("stopping")
            // The first to be told is told at once; one that ended for it would have ended by then.
            try await Task.sleep(for: .milliseconds(500))
            try await expectWhole(client)
            let start = ContinuousClock.now
            #expect(try await bridge.process.end() == .exited(0))
            #expect(ContinuousClock.now - start < .seconds(15), "nobody is waited for any more")
        }
    }

    @Test("is encrypted as it is read, however many clients of a TLS listener do not read it")
    func encrypted() async throws {
        let upstream = try await LegacyUpstream(.json(document))
        let folder = try await TemporaryFolder.withCertificate()
        let file = try folder.write(
            "config.json",
            """
            { "listen": [{ "host": "127.0.0.1", "port": 0, "tls": { "certificate": "cert.pem", "key": "key.pem" } }],
              "drain": "100ms", "eventLoops": 1, "routes": [\(pollRoute(upstream, interval: "60s"))] }
            """
        )
        try await within(Turnstile.bridges) {
            let bridge = try await BridgeUnderTest.start(["serve", "--config", file.path()], folder: folder)
            let url = "https://127.0.0.1:\(bridge.port)/scores/a"
            let whole = try await Curl(url, "--cacert", folder.file("cert.pem"))
            #expect(whole.body.count == document.utf8.count)
            let before = try bridge.memory("VmRSS")
            let script = """
                import socket, ssl, sys
                context = ssl.create_default_context(cafile=sys.argv[2])
                clients = []
                for _ in range(100):
                    plain = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
                    client = context.wrap_socket(plain, server_hostname="localhost")
                    client.sendall(b"GET /scores/a HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
                    clients.append(client)
                print("asked", flush=True)
                sys.stdin.read()
                """
            let clients = try ChildProcess(
                try Places.python(),
                ["-c", script, "\(bridge.port)", folder.file("cert.pem")]
            )
            #expect(try await clients.line(within: .seconds(120)) == "asked", "\(clients.errors)")
            for _ in 0..<3 {
                #expect(try await Curl(url, "--head", "--cacert", folder.file("cert.pem")).status == 200)
            }
            // Encrypted as a whole for each these were 700 MB.
            let growth = try bridge.memory("VmRSS") - before
            #expect(growth < 200 << 20, "grew by \(growth >> 20) MiB")
            try clients.closeInput()
            try await clients.end()
            try await bridge.stop()
        }
    }

    @Test("is one in memory, however many clients do not read it")
    func shared() async throws {
        let upstream = try await LegacyUpstream(.json(document))
        let settings = #""eventLoops": 1,"#
        try await withBridge(pollRoute(upstream, interval: "60s"), settings: settings) { bridge in
            #expect(try await Curl(bridge.url("/scores/a")).body.count == document.utf8.count)
            let before = try bridge.memory("VmRSS")
            var clients: [RawConnection] = []
            for _ in 0..<200 {
                let client = try await RawConnection.open(port: bridge.port, reads: false)
                try await client.send(request)
                clients.append(client)
            }
            try await passTurn(bridge)
            // Each with a copy of its own these were 1.4 GB.
            let growth = try bridge.memory("VmRSS") - before
            #expect(growth < 64 << 20, "grew by \(growth >> 20) MiB")
            for client in clients { await client.close() }
        }
    }
}
