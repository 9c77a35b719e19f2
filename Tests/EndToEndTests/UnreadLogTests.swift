import Foundation
import Glibc
import Testing

@Suite("A log that nobody reads")
struct UnreadLogTests {
    @Test("holds nobody up: not those who are refused, not the others, and not the end")
    func fullPipe() async throws {
        let folder = try TemporaryFolder()
        let pipe = folder.url.appending(path: "log").path()
        try #require(mkfifo(pipe, 0o600) == 0)
        // A reader too, so that it can be opened, and written until it is full.
        let descriptor = open(pipe, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let filling = [UInt8](repeating: 0x78, count: 4096)
        while write(descriptor, filling, filling.count) > 0 {}
        while write(descriptor, filling, 1) > 0 {}
        let configuration = try folder.write(
            "config.json",
            """
            { "listen": [{ "host": "127.0.0.1", "port": 0 }], "drain": "100ms", "eventLoops": 1,
              "routes": [
                { "path": "/rooms/{room}", "channel": {} },
                { "path": "/secret/{room}", "channel": {},
                  "access": { "jwt": { "hs256": "\(TokenIssuer.secret)" } } }
              ] }
            """
        )
        try await within(Turnstile.bridges) {
            let script = #"exec "$0" serve --config "$1" 2> "$2""#
            let bridge = try await BridgeUnderTest.start(
                ["-c", script, Places.program.path(), configuration.path(), pipe],
                program: URL(filePath: "/bin/sh")
            )
            for _ in 0..<20 {
                #expect(try await Curl(bridge.url("/secret/a")).status == 401)
                await #expect(throws: WebSocketClient.Refused.self) {
                    _ = try await WebSocketClient.open(
                        bridge.webSocketURL("/rooms/a"),
                        origin: "https://evil.example"
                    )
                }
            }
            let client = try await bridge.webSocket("/rooms/a")
            try client.close()
            bridge.process.signal(SIGTERM)
            #expect(try await bridge.process.end() == .exited(0))
        }
    }
}
