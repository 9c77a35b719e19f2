import Foundation
import Testing

/// What `| head` does: the reader of standard output goes away, and the program goes on or ends, but never badly.
@Suite("Standard output that nobody reads any more")
struct GoneReaderTests {
    /// Runs the program with a reader that takes one line. Prints that line, the program's number, and how it ended.
    private func withoutReader(_ arguments: [String], _ folder: TemporaryFolder) throws -> ChildProcess {
        let script = """
            fifo=$1; shift; mkfifo "$fifo"
            "$@" >"$fifo" & { read -r line; echo "$line"; } <"$fifo"
            echo "$!"; wait "$!"; echo "ended with $?"
            """
        let words = ["-c", script, "bash", folder.url.appending(path: "fifo").path(), Places.program.path()]
        return try ChildProcess(URL(filePath: "/bin/bash"), words + arguments)
    }

    @Test("serve lives through a reload that opens a listener")
    func serve() async throws {
        try await within(Turnstile.bridges) {
            let folder = try TemporaryFolder()
            func write(_ listen: String) throws -> URL {
                let routes = #"[{ "path": "/rooms/{room}", "channel": {} }]"#
                return try folder.write(
                    "config.json",
                    #"{ "listen": [\#(listen)], "drain": "0s", "routes": \#(routes) }"#
                )
            }
            let file = try write(#"{ "port": 0 }"#)
            let shell = try withoutReader(["serve", "--config", file.path()], folder)
            let ready = try #require(try await shell.line())
            let bridge = try #require(try await shell.line().flatMap { pid_t($0) })
            _ = try write(#"{ "port": 0 }, { "host": "127.0.0.2", "port": 0 }"#)
            kill(bridge, SIGHUP)
            try await shell.says("configuration reloaded")
            let port = try #require(ready.split(separator: ":").last)
            #expect(try await Curl("http://127.0.0.1:\(port)/none").status == 404)
            kill(bridge, SIGTERM)
            #expect(try await shell.line() == "ended with 0", "\(shell.errors)")
        }
    }

    @Test("watch ends quietly with the next update")
    func watch() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":0}"#))
        try await withBridge(pollRoute(upstream)) { bridge in
            let folder = try TemporaryFolder()
            let shell = try withoutReader(["watch", bridge.url("/scores/a")], folder)
            #expect(try await shell.line()?.contains(" snapshot ") == true)
            _ = try await shell.line()
            for number in 1...1000 where shell.ending == nil {
                upstream.answer(.json(#"{"a":\#(number)}"#))
                try await Task.sleep(for: .milliseconds(20))
            }
            #expect(try await shell.line() == "ended with 0", "\(shell.errors)")
            #expect(shell.errors.isEmpty, "\(shell.errors)")
        }
    }

    @Test("probe, bench and check end quietly")
    func others() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        try await withBridge(#"{ "path": "/rooms/{room}", "channel": {} }"#) { bridge in
            let folder = try TemporaryFolder()
            let file = try folder.write("config.json", #"{ "routes": [{ "path": "/a", "channel": {} }] }"#)
            let commands = [
                ["probe", upstream.url("/"), "--count", "2", "--interval", "10ms"],
                [
                    "bench", "fanout", bridge.webSocketURL("/rooms/a"), "--connections", "1", "--duration", "1s",
                    "--quiet",
                ],
                ["check", "--config", file.path()],
            ]
            for command in commands {
                // The reading end is closed before the program begins.
                let script = #"exec 3> >(exec <&-); wait "$!"; "$@" >&3; echo "ended with $?""#
                let words = ["-c", script, "bash", Places.program.path()] + command
                let run = try await Run(URL(filePath: "/bin/bash"), words)
                #expect(run.output == "ended with 0\n", "\(command[0]): \(run.errors)")
                #expect(run.errors.isEmpty, "\(command[0]): \(run.errors)")
            }
        }
    }
}
