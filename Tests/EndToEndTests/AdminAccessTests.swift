import Foundation
import Testing

@Suite("Access to the admin listener")
struct AdminAccessTests {
    private let ada = "Authorization: Basic " + Data("ada:correct horse".utf8).base64EncodedString()
    private let eve = "Authorization: Basic " + Data("eve:correct horse".utf8).base64EncodedString()
    /// Made by `openssl passwd -apr1`, of "correct horse".
    private let hash = "$apr1$abcdefgh$sIQmFnT1CuEXAsyjuXjUX/"

    private func withBridge(
        admin: String,
        _ body: (BridgeUnderTest, _ admin: String, TemporaryFolder) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        try folder.write("operators", "ada:\(hash)\n")
        let file = try folder.write(
            "config.json",
            """
            { "listen": [{ "host": "127.0.0.1", "port": 0 }], "admin": \(admin), "drain": "100ms",
              "routes": [{ "path": "/rooms/{room}", "channel": {}, "access": { "basic": "operators" } }] }
            """
        )
        try await within(Turnstile.bridges) {
            let bridge = try await BridgeUnderTest.start(["serve", "--config", file.path()], folder: folder)
            let line = try #require(try await bridge.process.line())
            let port = try #require(line.dropLast(" (admin)".count).split(separator: ":").last)
            try await body(bridge, "http://127.0.0.1:\(port)", folder)
            try await bridge.stop()
        }
    }

    @Test("with rules it may listen on every address, and asks on every path; without, it asks nobody")
    func rules() async throws {
        try await withBridge(admin: #"{ "host": "0.0.0.0", "port": 0, "access": { "basic": "operators" } }"#) {
            bridge,
            admin,
            _ async throws in
            for path in [
                "/", "/healthz", "/readyz", "/metrics", "/topics", "/connections", "/stats", "/live", "/pushbridge.js",
            ] {
                let answer = try await Curl(admin + path)
                #expect(answer.status == 401, "\(path)")
                #expect(answer["WWW-Authenticate"]?.hasPrefix("Basic ") == true)
                #expect(try await Curl(admin + path, "-H", ada).status == 200, "\(path)")
            }
            for path in ["/reload", "/poke?topic=/a"] {
                #expect(try await Curl(admin + path, "-X", "POST").status == 401, "\(path)")
            }
            #expect(try await Curl(admin + "/reload", "-X", "POST", "-H", ada).status == 200)
            #expect(try await Curl(admin + "/metrics", "-H", ada, "-H", "Host: bridge.example").status == 200)
            let refusal = await #expect(throws: WebSocketClient.Refused.self) {
                _ = try await WebSocketClient.open(admin.replacing("http", with: "ws") + "/live")
            }
            #expect(refusal?.status == 401)
        }
        try await withBridge(admin: #"{ "port": 0 }"#) { _, admin, _ async throws in
            #expect(try await Curl(admin + "/metrics").status == 200)
        }
    }

    @Test("its users are read again by SIGHUP")
    func reload() async throws {
        try await withBridge(admin: #"{ "port": 0, "access": { "basic": "operators" } }"#) {
            bridge,
            admin,
            folder async throws in
            #expect(try await Curl(admin + "/metrics", "-H", eve).status == 401)
            try folder.write("operators", "eve:\(hash)\n")
            bridge.process.signal(SIGHUP)
            try await eventually("eve's entry") { try await Curl(admin + "/metrics", "-H", eve).status == 200 }
            #expect(try await Curl(admin + "/metrics", "-H", ada).status == 401)
        }
    }

    @Test("it tells operators who is connected")
    func users() async throws {
        try await withBridge(admin: #"{ "port": 0 }"#) { bridge, admin, _ async throws in
            let client = try await bridge.webSocket("/rooms/a", headers: [ada])
            let connections = try await eventually("ada's connection") {
                let list = try await Curl(admin + "/connections").json()
                return list.items?.first { $0["user"] == "ada" }
            }
            #expect(connections["route"] == "/rooms/{room}")
            try client.close()
            #expect(try await client.closeCode() == 1000)
        }
    }
}
