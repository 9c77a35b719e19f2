import Foundation
import Testing

@Suite("HTTP/2 towards clients")
struct HTTP2Tests {
    private static let pages = #"{ "path": "/pages", "files": { "root": "pages" } }"#

    /// What the access log has of HTTP/2 so far.
    private func logged(by secure: SecureBridge) -> [JSON] {
        let lines = secure.bridge.process.errors.split(separator: "\n").compactMap { try? JSON(String($0)) }
        return lines.filter { $0["protocol"] == "h2" }
    }

    private static func withPages() async throws -> TemporaryFolder {
        let folder = try await TemporaryFolder.withCertificate()
        try folder.write("pages/index.html", "hello")
        return folder
    }

    @Test("curl gets documents, 304, HEAD, preflights, long polls and errors over HTTP/2, in the words of HTTP/1.1")
    func curl() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        let settings = #""access": { "origins": ["https://app.example"] },"#
        try await SecureBridge.run(pollRoute(upstream), settings: settings) { secure in
            let whole = try await secure.curl("/scores/a")
            #expect(whole.version == "HTTP/2" && whole.status == 200 && whole.text == #"{"a":1}"#)
            let old = try await secure.curl("/scores/a", "--http1.1")
            #expect(old.version == "HTTP/1.1" && old.status == 200 && old.text == whole.text)
            // The same fields, whose values may differ by the second.
            #expect(Set(whole.headers.keys) == Set(old.headers.keys))
            let tag = try #require(whole["ETag"])
            let known = try await secure.curl("/scores/a", "-H", "If-None-Match: \(tag)")
            #expect(known.status == 304 && known.body.isEmpty)
            let head = try await secure.curl("/scores/a", "-I")
            #expect(head.status == 200 && head["Content-Length"] == "7")
            let missing = try await secure.curl("/none")
            #expect(missing.status == 404 && missing["Content-Type"] == "application/problem+json")
            let preflight = try await secure.curl(
                "/scores/a",
                "-X",
                "OPTIONS",
                "-H",
                "Origin: https://app.example",
                "-H",
                "Access-Control-Request-Method: GET"
            )
            #expect(preflight.status == 204)
            #expect(preflight["Access-Control-Allow-Origin"] == "https://app.example")
            async let poll = secure.curl("/scores/a", "-H", "If-None-Match: \(tag)", "-H", "Prefer: wait=60")
            try await upstream.isAsked()
            upstream.answer(.json(#"{"a":2}"#))
            #expect(try await poll.text == #"{"a":2}"#)
        }
    }

    @Test("an event stream is pushed to, and ends in good order when the bridge stops")
    func eventStream() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 0)))
        try await SecureBridge.run(pollRoute(upstream)) { secure in
            let (stream, head) = try await EventStream.open(
                secure.url("/scores/a?mode=patch"),
                "--cacert",
                secure.folder.file("cert.pem")
            )
            #expect(head.version == "HTTP/2" && head.status == 200)
            #expect(try await stream.next()?.name == "snapshot")
            upstream.answer(.json(scoreboard(goals: 1)))
            let patch = try #require(try await stream.next())
            #expect(try JSON(patch.data) == [["op": "replace", "path": "/goals", "value": 1]])
            secure.bridge.process.signal(SIGTERM)
            // A stream that was reset would be an error of curl's.
            #expect(try await stream.next() == nil)
            #expect(try await stream.end() == .exited(0))
            #expect(try await secure.bridge.process.end() == .exited(0))
        }
    }

    @Test("a client with ALPN gets what it asks for, one without gets HTTP/1.1, and http2: false takes HTTP/2 away")
    func negotiation() async throws {
        func chosen(_ port: Int, _ arguments: [String]) async throws -> String {
            let client = try ChildProcess(
                URL(filePath: "/usr/bin/openssl"),
                ["s_client", "-connect", "127.0.0.1:\(port)"] + arguments
            )
            try client.closeInput()
            try await client.end()
            let output = String(decoding: client.output, as: UTF8.self)
            return output.firstMatch(of: /ALPN protocol: (.*)/).map { String($0.1) } ?? "none"
        }
        try await SecureBridge.run(Self.pages, folder: try await Self.withPages()) { secure async throws in
            #expect(try await chosen(secure.bridge.port, ["-alpn", "h2,http/1.1"]) == "h2")
            #expect(try await chosen(secure.bridge.port, ["-alpn", "http/1.1,h2"]) == "h2")
            #expect(try await chosen(secure.bridge.port, ["-alpn", "http/1.1"]) == "http/1.1")
            #expect(try await chosen(secure.bridge.port, ["-alpn", "foo"]) == "none")
            #expect(try await chosen(secure.bridge.port, []) == "none")
            #expect(try await secure.curl("/none", "--no-alpn").version == "HTTP/1.1")
        }
        try await SecureBridge.run(Self.pages, folder: try await Self.withPages(), listener: #", "http2": false"#) {
            secure async throws in
            #expect(try await chosen(secure.bridge.port, ["-alpn", "h2,http/1.1"]) == "http/1.1")
            #expect(try await secure.curl("/none").version == "HTTP/1.1")
        }
    }

    @Test("a reload takes HTTP/2 from newcomers and gives it back; the port and open connections stay")
    func reload() async throws {
        let folder = try await TemporaryFolder.withCertificate()
        func write(_ more: String) throws -> URL {
            try folder.write(
                "config.json",
                """
                { "listen": [{ "port": 0, "tls": { "certificate": "cert.pem", "key": "key.pem" } \(more) }],
                  "admin": { "port": 0 }, "drain": "100ms",
                  "routes": [{ "path": "/rooms/{room}", "channel": { "echo": true } }] }
                """
            )
        }
        try await within(Turnstile.bridges) {
            let file = try write("")
            let bridge = try await BridgeUnderTest.start(["serve", "--config", file.path()], folder: folder)
            let secure = SecureBridge(bridge: bridge, folder: folder)
            let admin = try await bridge.admin()
            let echo = try secure.scene("echo_lines")
            #expect(try await echo.line() == "open", "\(echo.errors)")
            for (more, version) in [(#", "http2": false"#, "HTTP/1.1"), (#", "http2": true"#, "HTTP/2")] {
                _ = try write(more)
                #expect(try await Curl(admin + "/reload", "-X", "POST").status == 200)
                #expect(try await secure.curl("/none").version == version)
            }
            try echo.write(line: "still here")
            #expect(try await echo.line() == "still here")
            try echo.closeInput()
            #expect(try await echo.end() == .exited(0), "\(echo.errors)")
            try await bridge.stop()
        }
    }

    @Test("validators, preflights, long polls and cookies, as a client sees them frame by frame")
    func validators() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        let cookies =
            #"{ "path": "/cookies", "poll": { "url": "\#(upstream.url("/cookies"))", "forward": ["Cookie"] } }"#
        let settings = #""access": { "origins": ["https://app.example"] },"#
        try await SecureBridge.run(pollRoute(upstream) + "," + cookies, settings: settings) { secure in
            try await secure.play("validators")
            let asked = try #require(upstream.requests.first { $0.uri == "/cookies" })
            #expect(asked.headers["Cookie"] == ["a=1; b=2"])
        }
    }

    @Test("what is refused has the same status as over HTTP/1.1, and the connection goes on")
    func refusals() async throws {
        let folder = try await Self.withPages()
        let room = #"{ "path": "/rooms/{room}", "channel": {} }"#
        try await SecureBridge.run("\(room), \(Self.pages)", folder: folder) { secure in
            try await secure.play("refusals")
        }
    }

    @Test("a large file whose reader stops costs little memory, holds up no other stream, and arrives whole in the end")
    func slowFile() async throws {
        let folder = try await TemporaryFolder.withCertificate()
        try folder.write("pages/large.bin", Data(count: 20_000_000))
        let upstream = try await LegacyUpstream(.json("1"))
        try await SecureBridge.run("\(pollRoute(upstream)), \(Self.pages)", folder: folder) { secure in
            #expect(try await secure.curl("/scores/a").status == 200)
            let before = try secure.bridge.memory("VmRSS")
            let scene = try secure.scene("slow_file")
            #expect(try await scene.line(within: .seconds(120)) == "waiting", "\(scene.errors)")
            let growth = try secure.bridge.memory("VmRSS") - before
            let limit = (ChildProcess.isSanitized ? 60 : 20) << 20
            #expect(growth < limit, "grew by \(growth >> 10) KiB for 80 MB that wait")
            try scene.write(line: "go on")
            #expect(try await scene.end(within: .seconds(120)) == .exited(0), "\(scene.errors)")
        }
    }

    @Test("event streams and WebSockets that the client resets are forgotten")
    func resets() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        let settings = AdminListener.setting + #""accessLog": "json","#
        try await SecureBridge.run(pollRoute(upstream), settings: settings) { secure in
            let admin = try await AdminListener(of: secure.bridge)
            let subscribers = #"subscribers{route="/scores/{league}"}"#
            let scene = try secure.scene("reset_streams")
            #expect(try await scene.line() == "open", "\(scene.errors)")
            #expect(try await admin.metrics()[subscribers] == 6)
            let open = try await Curl(admin.address + "/connections").json()
            let kinds = (open.items ?? []).compactMap { connection in
                connection["protocol"] == "h2" ? connection["transport"]?.text : nil
            }
            #expect(kinds.sorted() == ["h2"] + Array(repeating: "sse", count: 5) + ["websocket"])
            try scene.write(line: "now")
            #expect(try await scene.line() == "reset")
            try await eventually("no subscriber") { try await admin.metrics()[subscribers] == 0 }
            try scene.write(line: "and on")
            #expect(try await scene.end() == .exited(0), "\(scene.errors)")
            let log = try await eventually("lines of the log") {
                let lines = logged(by: secure)
                return lines.count >= 7 ? lines : nil
            }
            #expect(log.filter { $0["transport"] == "sse" && $0["status"] == 200 }.count == 5)
            let socket = try #require(log.first { $0["transport"] == "websocket" })
            #expect(socket["method"] == "CONNECT" && socket["status"] == 200 && socket["close"] == 1006)
        }
    }

    @Test("a trusted proxy that speaks HTTP/2 is believed, and its clients are counted one by one")
    func proxy() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        let settings = """
            "trustedProxies": ["127.0.0.1"], "accessLog": "json", "limits": { "connectionsPerAddress": 1 },
            """
        try await SecureBridge.run(pollRoute(upstream), settings: settings) { secure in
            let authority = secure.folder.file("cert.pem")
            func stream(of client: String) async throws -> (EventStream, head: Curl) {
                try await EventStream.open(
                    secure.url("/scores/a"),
                    "--cacert",
                    authority,
                    "-H",
                    "X-Forwarded-For: \(client)"
                )
            }
            let (first, head) = try await stream(of: "192.0.2.1")
            #expect(head.version == "HTTP/2" && head.status == 200)
            #expect(try await first.next()?.data == #"{"a":1}"#)
            let over = try await secure.curl("/scores/a", "-H", "X-Forwarded-For: 192.0.2.1")
            #expect(over.version == "HTTP/2" && over.status == 503 && over["Retry-After"] != nil)
            #expect(try await secure.curl("/scores/a", "-H", "X-Forwarded-For: 192.0.2.2").status == 200)
            first.close()
            try await eventually("a line of the log") {
                logged(by: secure).contains { $0["address"] == "192.0.2.1" && $0["transport"] == "sse" }
            }
        }
    }

    @Test("each stream counts like a connection: over the limit it is told so, and its end makes room")
    func limits() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        let settings = #""limits": { "connectionsPerAddress": 3 },"#
        try await SecureBridge.run(pollRoute(upstream), settings: settings) { secure in
            try await secure.play("limits")
        }
    }

    @Test("stopping says GOAWAY first, then ends streams as connections end, then the connection")
    func drain() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        let room = #"{ "path": "/rooms/{room}", "channel": {} }"#
        try await SecureBridge.run("\(pollRoute(upstream)), \(room)", settings: #""drain": "1s","#) { secure in
            try await secure.play("drain", String(secure.bridge.process.processIdentifier))
            #expect(try await secure.bridge.process.end() == .exited(0))
        }
    }

    @Test(
        "a connection without a stream ends after its time, at the start and between streams; one with a stream stays"
    )
    func idle() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        let settings =
            #""limits": { "handshakeTimeout": "2s" }, "keepAlive": { "ping": "1s", "timeout": "2s" },"#
        try await SecureBridge.run(pollRoute(upstream), settings: settings) { secure in
            try await secure.play("idle")
        }
    }
}
