import Foundation
import Testing

@Suite("Two processes on one port")
struct ReusePortTests {
    private func configuration(port: Int, reusePort: Bool) -> String {
        """
        { "listen": [{ "host": "127.0.0.1", "port": \(port), "reusePort": \(reusePort) }], "drain": "100ms",
          "routes": [{ "path": "/rooms/{room}", "channel": {} }] }
        """
    }

    @Test("with reusePort the new process listens before the old one has ended, and takes over")
    func sideBySide() async throws {
        try await within(Turnstile.bridges) {
            let folder = try TemporaryFolder()
            let first = try folder.write("first.json", configuration(port: 0, reusePort: true))
            let old = try await BridgeUnderTest.start(["serve", "--config", first.path()], folder: folder)
            let second = try folder.write("second.json", configuration(port: old.port, reusePort: true))
            let new = try await BridgeUnderTest.start(["serve", "--config", second.path()], folder: folder)
            #expect(new.port == old.port)
            try await old.stop()
            #expect(try await Curl(new.url("/none")).status == 404)
            try await new.stop()
        }
    }

    @Test("without it the second process says that the port is in use")
    func refused() async throws {
        try await within(Turnstile.bridges) {
            let folder = try TemporaryFolder()
            let first = try folder.write("first.json", configuration(port: 0, reusePort: true))
            let old = try await BridgeUnderTest.start(["serve", "--config", first.path()], folder: folder)
            let second = try folder.write("second.json", configuration(port: old.port, reusePort: false))
            let new = try await Run(Places.program, ["serve", "--config", second.path()])
            #expect(new.ending == .exited(69))
            #expect(new.errors.contains("the port is in use by another program"))
            try await old.stop()
        }
    }
}
