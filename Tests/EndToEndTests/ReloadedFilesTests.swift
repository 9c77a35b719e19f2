import Foundation
import Testing

@Suite("What a reload changes under routes that live on")
struct ReloadedFilesTests {
    private func write(_ routes: String, to folder: TemporaryFolder, listen: String = #"{ "port": 0 }"#) throws -> URL {
        try folder.write(
            "config.json",
            """
            { "listen": [\(listen)], "admin": { "port": 0 }, "drain": "100ms", "routes": [\(routes)] }
            """
        )
    }

    private func reload(_ bridge: BridgeUnderTest, _ admin: String) async throws {
        let answer = try await Curl(admin + "/reload", "-X", "POST")
        #expect(answer.status == 200, "\(answer.text)")
    }

    @Test("a channel's history is as long as the newest configuration says")
    func history() async throws {
        func room(_ history: Int) -> String {
            #"{ "path": "/rooms/{room}", "channel": { "echo": true, "history": \#(history) } }"#
        }
        try await within(Turnstile.bridges) {
            let folder = try TemporaryFolder()
            let file = try write(room(5), to: folder)
            let bridge = try await BridgeUnderTest.start(["serve", "--config", file.path()], folder: folder)
            let admin = try await bridge.admin()
            /// Says one thing, and gives what was heard until it came back.
            func heard(saying text: String) async throws -> [String] {
                let client = try await bridge.webSocket("/rooms/a")
                try client.send(text)
                var all: [String] = []
                while all.last != text { all.append(try await client.text()) }
                return all
            }
            for text in ["1", "2", "3", "4"] { _ = try await heard(saying: text) }
            #expect(try await heard(saying: "5") == ["1", "2", "3", "4", "5"])
            _ = try write(room(2), to: folder)
            try await reload(bridge, admin)
            #expect(try await heard(saying: "6") == ["4", "5", "6"])
            _ = try write(room(0), to: folder)
            try await reload(bridge, admin)
            #expect(try await heard(saying: "7") == ["7"])
            #expect(try await heard(saying: "8") == ["8"])
            _ = try write(room(1), to: folder)
            try await reload(bridge, admin)
            #expect(try await heard(saying: "9") == ["9"])
            #expect(try await heard(saying: "10") == ["9", "10"])
            try await bridge.stop()
        }
    }

    /// The backend is a bridge too, whose certificate changes with a reload: through the tunnel it answers HTTP.
    @Test("the files of tunnel.tls are read again: new tunnels begin with them, open ones live on")
    func tunnelTLS() async throws {
        let (old, new) = (try await TemporaryFolder.withCertificate(), try await TemporaryFolder.withCertificate())
        let ask = Data("GET /none HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
        func answers(_ tunnel: WebSocketClient) async throws {
            try tunnel.send(ask)
            var received = Data()
            while !String(decoding: received, as: UTF8.self).contains("\r\n\r\n") {
                if case .binary(let bytes) = try await tunnel.next() { received += bytes }
            }
            #expect(String(decoding: received, as: UTF8.self).hasPrefix("HTTP/1.1 404"))
        }
        try await within(Turnstile.bridges) {
            let backendFolder = try TemporaryFolder()
            let folder = try TemporaryFolder()
            func install(_ certificate: TemporaryFolder, in folder: TemporaryFolder) throws {
                for name in ["cert.pem", "key.pem"] {
                    try folder.write(name, try Data(contentsOf: certificate.url.appending(path: name)))
                }
            }
            try install(old, in: backendFolder)
            try install(old, in: folder)
            let backendFile = try write(
                #"{ "path": "/rooms/{room}", "channel": {} }"#,
                to: backendFolder,
                listen: #"{ "port": 0, "tls": { "certificate": "cert.pem", "key": "key.pem" } }"#
            )
            let backend = try await BridgeUnderTest.start(["serve", "--config", backendFile.path()])
            let backendAdmin = try await backend.admin()
            let tunnel = """
                { "path": "/t", "tunnel": { "to": "tls://127.0.0.1:\(backend.port)",
                  "tls": { "ca": "cert.pem", "certificate": "cert.pem", "key": "key.pem" } } }
                """
            let file = try write(tunnel, to: folder)
            let bridge = try await BridgeUnderTest.start(["serve", "--config", file.path()])
            let admin = try await bridge.admin()
            let first = try await bridge.webSocket("/t")
            try await answers(first)

            try install(new, in: backendFolder)
            try await reload(backend, backendAdmin)
            let handshake = [
                "-H", "Connection: Upgrade", "-H", "Upgrade: websocket", "-H", "Sec-WebSocket-Version: 13",
            ]
            let refused = try await Curl(
                bridge.url("/t"),
                arguments: handshake + ["-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]
            )
            #expect(refused.status == 502)

            try install(new, in: folder)
            try await reload(bridge, admin)
            let second = try await bridge.webSocket("/t")
            try await answers(second)
            try await answers(first)

            // What cannot be used refuses the reload, and changes nothing.
            try folder.write("cert.pem", "no certificate")
            let bad = try await Curl(admin + "/reload", "-X", "POST")
            #expect(bad.status == 422)
            #expect(bad.text.contains("cert.pem"), "\(bad.text)")
            try await answers(try await bridge.webSocket("/t"))
            try await bridge.stop()
            try await backend.stop()
        }
    }
}
