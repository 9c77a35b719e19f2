import Foundation
import Testing

@Suite("Broadcasts do without io_uring")
struct IOURingTests {
    /// How a sandbox forbids it.
    enum Sandbox: Int32, CaseIterable {
        /// As Docker's standard profile, systemd's `SystemCallErrorNumber=EPERM` and `kernel.io_uring_disabled` do.
        case forbidden = 1
        /// As a kernel does that was built without it.
        case unknown = 38
    }

    @Test("where a sandbox forbids it, everybody gets every version all the same", arguments: Sandbox.allCases)
    func sandboxed(_ sandbox: Sandbox) async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 0)))
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "config.json",
            #"""
            { "listen": [{ "port": 0 }], "drain": "0s", "logLevel": "debug",
              "routes": [\#(pollRoute(upstream))] }
            """#
        )
        try await within(Turnstile.bridges) {
            let process = try ChildProcess(
                Places.python(),
                [
                    Places.scripts.appending(path: "without_io_uring.py").path(), "\(sandbox.rawValue)",
                    Places.program.path(), "serve", "--config", file.path(),
                ]
            )
            let line = try #require(try await process.line(), "\(process.errors)")
            let port = try #require(line.split(separator: ":").last.flatMap { Int($0) })
            // As many in each of three formats as are worth a batch, on each of several event loops.
            let crowd = try ChildProcess(
                Places.python(),
                [
                    Places.scripts.appending(path: "crowd.py").path(), "ws://127.0.0.1:\(port)/scores/premier", "90",
                ]
            )
            #expect(try await crowd.line(within: .seconds(60)) == "90 connected", "\(crowd.errors)")
            upstream.answer(.json(scoreboard(goals: 1)))
            try crowd.write(line: versionID(of: scoreboard(goals: 1)))
            #expect(try await crowd.line(within: .seconds(60)) == "90 changed", "\(crowd.errors)")
            process.signal(SIGTERM)
            #expect(try await process.end() == .exited(0))
            #expect(process.errors.contains("io_uring=false"), "\(process.errors)")
            #expect(!process.errors.contains("io_uring=true"), "\(process.errors)")
        }
    }
}
