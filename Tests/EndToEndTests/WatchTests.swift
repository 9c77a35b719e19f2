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
        ] as [([String], Int32, String)]
    )
    func refusals(arguments: [String], code: Int32, words: String) async throws {
        let run = try await Run(Places.program, ["watch"] + arguments)
        #expect(run.ending == .exited(code))
        #expect(run.errors.contains(words), "\(run.errors)")
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
