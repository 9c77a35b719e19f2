import Foundation
import Testing

@Suite("pushbridge watch")
struct WatchTests {
    private func watch(_ arguments: String...) throws -> ChildProcess {
        try ChildProcess(Places.program, ["watch"] + arguments)
    }

    @Test("it prints the document, then each patch, plain in a pipe, and ends after --count")
    func patches() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1,"text":"long enough that a patch is smaller"}"#))
        try await withBridge(pollRoute(upstream)) { bridge in
            let process = try watch(bridge.url("/scores/a"), "--count", "2")
            let first = try #require(try await process.line())
            #expect(
                first.contains(" snapshot ")
                    && first.hasSuffix(#" {"a":1,"text":"long enough that a patch is smaller"}"#)
            )
            upstream.answer(.json(#"{"a":2,"text":"long enough that a patch is smaller"}"#))
            var line = try #require(try await process.line())
            // Where a fetch went wrong in between, its status is no update.
            while line.contains(" status ") { line = try #require(try await process.line()) }
            #expect(line.contains(" patch ") && line.hasSuffix(#" [{"op":"replace","path":"/a","value":2}]"#))
            #expect(!line.contains("\u{1B}"))
            #expect(try await process.end() == .exited(0))
        }
    }

    @Test("--json prints the bridge's messages, and --since goes on behind a version")
    func sinceVersion() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        try await withBridge(pollRoute(upstream)) { bridge in
            let etag = try #require(try await Curl(bridge.url("/scores/a"))["ETag"])
            let process = try watch(bridge.webSocketURL("/scores/a"), "--json", "--since", etag)
            let line = try #require(try await process.line())
            let message = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
            #expect(message["type"] == "current")
            #expect(etag == "\"\(message["id"] ?? "")\"")
        }
    }

    @Test("on a terminal it is coloured and cut to a readable length, and nothing in it moves the cursor")
    func terminal() async throws {
        let text = "a\u{1B}[2Jb\u{7}" + String(repeating: "x", count: 3000)
        let upstream = try await LegacyUpstream(.text(text))
        try await withBridge(pollRoute(upstream)) { bridge in
            let process = try ChildProcess.onTerminal(["watch", bridge.webSocketURL("/scores/a"), "--count", "1"])
            let line = try #require(try await process.line())
            #expect(line.contains(" \u{1B}[36msnapshot\u{1B}[0m\u{1B}[2m \(versionID(of: text))\u{1B}[0m "))
            #expect(line.contains("x…"))
            #expect(line.count < 1200)
            #expect(!line.contains("\u{1B}[2J") && !line.contains("\u{7}"))
            #expect(try await process.end() == .exited(0))
        }
    }

    @Test(
        "what cannot be watched ends with a sentence",
        arguments: [
            (["http://127.0.0.1:1/a"], 69, "cannot connect to 127.0.0.1:1"),
            (["ftp://127.0.0.1/a"], 64, "it begins with ws:// or wss://"),
            (["ws://127.0.0.1:1/a", "--count", "0"], 64, "--count is at least 1"),
            (["ws://127.0.0.1:1/a", "--mode", "all"], 64, "'--mode <mode>'"),
            (["ws://127.0.0.1:1/a", "--header", "none"], 64, "is not a header"),
            (["ws://127.0.0.1:1/a", "--topic", "a"], 64, "is no topic"),
            (["ws://127.0.0.1:1/a", "--topic", "/a", "--topic", "/%61"], 64, "names a topic twice"),
            (["ws://127.0.0.1:1/a", "--topic", "/a", "--topic", "/b", "--since", "x"], 64, "give one --topic"),
        ] as [([String], Int32, String)]
    )
    func refusals(arguments: [String], code: Int32, words: String) async throws {
        let run = try await Run(Places.program, ["watch"] + arguments)
        #expect(run.ending == .exited(code))
        #expect(run.errors.contains(words), "\(run.errors)")
    }

    @Test(
        "a server that ends the connection in the handshake is told at once, and as what it did",
        arguments: [TCPBackend.Behaviour.send([]), .send([Data("HTTP/1.1 101 Swit".utf8)])]
    )
    func endedEarly(server: TCPBackend.Behaviour) async throws {
        let backend = try await TCPBackend(server)
        for scheme in ["ws", "wss"] {
            let run = try await Run(Places.program, ["watch", "\(scheme)://127.0.0.1:\(backend.port)/"])
            #expect(run.ending == .exited(69))
            #expect(!run.errors.contains("in time"), "\(run.errors)")
            let words = ["ended the connection", "does not answer in HTTP/1.1", "TLS with"]
            #expect(words.contains { run.errors.contains($0) }, "\(run.errors)")
        }
        // The proxy, here.
        let run = try await Run(
            Places.program,
            ["watch", "ws://bridge.example/"],
            environment: ChildProcess.standardEnvironment.merging(["HTTP_PROXY": "127.0.0.1:\(backend.port)"]) { $1 }
        )
        #expect(run.ending == .exited(69))
        #expect(!run.errors.contains("in time") && run.errors.contains("the proxy"), "\(run.errors)")
    }

    @Test("an upstream that fails ends nothing")
    func failingUpstream() async throws {
        let upstream = try await LegacyUpstream(.failure(500))
        try await withBridge(pollRoute(upstream)) { bridge in
            let process = try watch(bridge.url("/scores/a"), "--count", "1")
            let first = try #require(try await process.line())
            #expect(first.contains(" error ") && first.contains("502"), "\(first)")
            upstream.answer(.json(#"{"a":1}"#))
            var line = try #require(try await process.line(), "\(process.errors)")
            while !line.contains(" snapshot ") { line = try #require(try await process.line(), "\(process.errors)") }
            #expect(try await process.end() == .exited(0))
        }
    }

    @Test("topics of a multiplex route are named in their lines, and each goes on behind its own version")
    func topics() async throws {
        let upstream = try await LegacyUpstream { .json(#"{"asked":"\#($0.uri)"}"#) }
        let routes = pollRoute(upstream) + #", { "path": "/connect", "multiplex": {} }"#
        try await withBridge(routes) { bridge in
            let relay = try await Relay(to: bridge.port)
            let url = "ws://127.0.0.1:\(relay.port)/connect"
            let process = try watch(url, "--topic", "/scores/a", "--topic", "/scores/b", "--topic", "/none")
            var lines: [String] = []
            for _ in 0..<3 { lines.append(try #require(try await process.line(), "\(process.errors)")) }
            for topic in ["a", "b"] {
                let document = #"{"asked":"/legacy?league=\#(topic)"}"#
                let end = " snapshot /scores/\(topic) \(versionID(of: document)) \(document)"
                #expect(lines.contains { $0.hasSuffix(end) }, "\(lines)")
            }
            // One that is refused for good leaves the others alone.
            #expect(lines.contains { $0.contains(" error /none ") }, "\(lines)")
            relay.cut()
            var resumed: Set<String> = []
            while resumed.count < 2 {
                let line = try #require(try await process.line(), "\(process.errors)")
                #expect(!line.contains(" snapshot ") && !line.contains("/none"), "\(line)")
                for topic in ["a", "b"] where line.contains(" current /scores/\(topic) ") { resumed.insert(topic) }
            }
            process.signal(SIGTERM)
        }
    }

    @Test("a route that says nothing is told of, with what to do")
    func silence() async throws {
        try await withBridge(#"{ "path": "/connect", "multiplex": {} }"#) { bridge in
            let process = try watch(bridge.url("/connect"))
            try await process.says("nothing has come for 3 s", "--topic")
            process.signal(SIGTERM)
        }
    }

    /// A tunnel, to a program of which nobody knows what it says.
    @Test(
        "control characters of a server that speaks no pushbridge.v1 do nothing to the terminal",
        arguments: [
            "a\u{1B}[2Jb\u{7}\u{9B}31mc\nd",
            #"{"type":"a\u001b[2Jx","topic":"\u001b[3J","id":"\u0007y","data":"\u001b"}"#,
        ],
        [false, true]
    )
    func hostileText(text: String, json: Bool) async throws {
        let server = try await TCPBackend(.send([Data(text.utf8)]))
        let tunnel = #""to": "\#(server.address)", "frames": "text", "subprotocols": ["pushbridge.v1"]"#
        try await withBridge(#"{ "path": "/t", "tunnel": { \#(tunnel) } }"#) { bridge in
            let run = try await Run(Places.program, ["watch", bridge.url("/t")] + (json ? ["--json"] : []))
            #expect(run.ending == .exited(0), "\(run.errors)")
            #expect(run.output.contains("[2J"), "\(run.output)")
            #expect(run.output.hasSuffix("\n"))
            let controls = run.output.dropLast().unicodeScalars.filter { $0.properties.generalCategory == .control }
            #expect(controls.isEmpty, "\(run.output.debugDescription)")
        }
    }

    @Test("a path that the bridge does not have is told with the bridge's words")
    func notFound() async throws {
        try await withBridge(#"{ "path": "/rooms/{room}", "channel": {} }"#) { bridge in
            let run = try await Run(Places.program, ["watch", bridge.url("/none")])
            #expect(run.ending == .exited(69))
            #expect(run.errors.contains("the server answered 404 instead of 101"))
        }
    }
}
