import Foundation
import Testing

@Suite("WebSockets over HTTP/2")
struct HTTP2WebSocketTests {
    private static let room = #"{ "path": "/rooms/{room}", "channel": { "echo": true } }"#

    private func tunnel(_ name: String, _ backend: TCPBackend) -> String {
        #"{ "path": "/tunnel/\#(name)", "tunnel": { "to": "\#(backend.address)" } }"#
    }

    @Test("several share a connection with requests, carry messages of every length, and end in good order")
    func echo() async throws {
        try await SecureBridge.run(Self.room) { secure in try await secure.play("echo") }
    }

    @Test("frames that come along with the handshake are its first messages")
    func early() async throws {
        let backend = try await TCPBackend(.echo)
        try await SecureBridge.run("\(Self.room), \(tunnel("echo", backend))") { secure in
            try await secure.play("early")
        }
    }

    @Test("all kinds of routes are there: documents, pushbridge.v1, multiplex, with and without compression")
    func kinds() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        let routes = pollRoute(upstream) + #", { "path": "/connect", "multiplex": {} }, \#(Self.room)"#
        try await SecureBridge.run(routes) { secure in
            let scene = try secure.scene("kinds")
            #expect(try await scene.line() == "subscribed", "\(scene.errors)")
            upstream.answer(.json(#"{"a":2}"#))
            #expect(try await scene.end(within: .seconds(60)) == .exited(0), "\(scene.errors)")
        }
    }

    @Test("a tunnel delivers all that its backend sent before its end")
    func tunnelToClient() async throws {
        let backend = try await TCPBackend(.stream(bytes: 20_000_000))
        try await SecureBridge.run(tunnel("stream", backend)) { secure in
            try await secure.play("tunnel_stream", "20000000")
        }
    }

    @Test("a tunnel gives its backend all that came before the close frame, and then the end of the stream")
    func tunnelToBackend() async throws {
        let backend = try await TCPBackend(.collect(answer: Data("that was all".utf8)))
        try await SecureBridge.run(tunnel("collect", backend)) { secure in
            try await secure.play("tunnel_collect", "4096000")
            let seen = try await backend.first("the end") { $0.sawEnd }
            #expect(seen.received == Data((0..<4_096_000).map { UInt8(truncatingIfNeeded: $0) }))
        }
    }

    @Test("a backend that reads nothing holds up its own stream, in little memory")
    func stopped() async throws {
        let backend = try await TCPBackend(.neverRead)
        try await SecureBridge.run("\(Self.room), \(tunnel("deaf", backend))") { secure in
            #expect(try await secure.curl("/none").status == 404)
            let before = try secure.bridge.memory("VmRSS")
            try await secure.play("stopped_tunnel")
            let growth = try secure.bridge.memory("VmRSS") - before
            #expect(growth < (ChildProcess.isSanitized ? 60 : 20) << 20, "grew by \(growth >> 10) KiB")
        }
    }

    @Test("a client of a channel that does not read is closed when its buffer is full, and nobody else notices")
    func slowMember() async throws {
        let room = #"{ "path": "/rooms/{room}", "channel": { "echo": true, "buffer": "256KiB" } }"#
        try await SecureBridge.run(room) { secure in try await secure.play("slow_member") }
    }

    @Test("a subscriber that takes nothing and answers no ping is given up, and its connection lives on")
    func silent() async throws {
        let upstream = try await LegacyUpstream(.json(#""\#(String(repeating: "a", count: 1_000_000))""#))
        let keepAlive = #""keepAlive": { "ping": "300ms", "timeout": "1s" },"#
        try await SecureBridge.run(pollRoute(upstream), settings: keepAlive) { secure in
            try await secure.play("silent")
            #expect(try await secure.curl("/none").status == 404)
        }
    }

    @Test("access rules let in by a token among the subprotocols, and credentials that end close with 1008")
    func credentials() async throws {
        let folder = try await TemporaryFolder.withCertificate()
        let route = """
            { "path": "/rooms/{room}", "channel": { "echo": true },
              "access": { "jwt": { "hs256": "a secret of at least 32 characters" } } }
            """
        try await SecureBridge.run(route, folder: folder) { secure in try await secure.play("credentials") }
    }
}
