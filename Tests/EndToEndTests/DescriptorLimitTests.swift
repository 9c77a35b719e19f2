import Foundation
import Testing

@Suite("Running out of descriptors")
struct DescriptorLimitTests {
    @Test("connect --listen takes as many descriptors as it may have")
    func connect() async throws {
        let process = try ChildProcess(
            URL(filePath: "/bin/sh"),
            [
                "-c", #"ulimit -Sn 64 && exec "$0" connect ws://127.0.0.1:1/ --listen 127.0.0.1:0"#,
                Places.program.path(),
            ]
        )
        #expect(try await process.line()?.hasPrefix("pushbridge ready: tcp://127.0.0.1:") == true)
        let limits = try String(contentsOfFile: "/proc/\(process.processIdentifier)/limits", encoding: .utf8)
        let line = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max open files") })
        let words = line.split(separator: " ").dropFirst(3)
        #expect(words.first == words.dropFirst().first && words.first != "64", "\(line)")
        process.signal(SIGTERM)
    }

    @Test("clients past the last descriptor wait, and are answered when descriptors are back")
    func recovers() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "config.json",
            // Clients say nothing for as long as the test takes, on a machine that may be busy.
            #"""
            { "listen": [{ "port": 0 }], "drain": "0s", "limits": { "handshakeTimeout": "10m" },
              "routes": [{ "path": "/rooms/{room}", "channel": {} }] }
            """#
        )
        try await within(Turnstile.bridges) {
            let process = try ChildProcess(
                URL(filePath: "/bin/sh"),
                [
                    "-c", #"ulimit -n 64 && exec "$0" serve --config "$1""#, Places.program.path(), file.path(),
                ]
            )
            let line = try #require(try await process.line())
            let port = try #require(line.split(separator: ":").last.flatMap { Int($0) })
            var clients: [RawConnection] = []
            for _ in 0..<100 { clients.append(try await RawConnection.open(port: port)) }
            let request = "GET /none HTTP/1.1\r\nHost: a\r\n\r\n"
            // The kernel accepted it; the bridge cannot yet.
            let last = try await RawConnection.open(port: port)
            try await last.send(request)
            try await clients[0].send(request)
            try await clients[0].wait(for: "404 Not Found")
            #expect(try await last.received().isEmpty)
            for client in clients { await client.close() }
            try await last.wait(for: "404 Not Found")
            let next = try await RawConnection.open(port: port)
            try await next.send(request)
            try await next.wait(for: "404 Not Found")
            await last.close()
            await next.close()
            process.signal(SIGTERM)
            #expect(try await process.end() == .exited(0))
        }
    }
}
