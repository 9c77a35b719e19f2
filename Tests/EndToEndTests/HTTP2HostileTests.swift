import Foundation
import Testing

@Suite("HTTP/2 clients that mean harm")
struct HTTP2HostileTests {
    private func withBridge(_ body: (SecureBridge) async throws -> Void) async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        let room = #"{ "path": "/rooms/{room}", "channel": { "echo": true } }"#
        try await SecureBridge.run("\(pollRoute(upstream)), \(room)", body)
    }

    @Test(
        "a flood ends the connection that it comes by, and no other",
        arguments: ["reset", "ping", "settings", "empty", "continuation", "error", "garbage"]
    )
    func flood(kind: String) async throws {
        try await withBridge { secure in
            try await secure.play("flood", kind)
            #expect(try await secure.curl("/scores/a").status == 200)
        }
    }

    @Test("a hundred streams at once are served; whoever opens another one is cut off")
    func tooManyStreams() async throws {
        try await withBridge { secure in try await secure.play("too_many_streams") }
    }

    @Test("a malformed head is the error of its stream alone")
    func malformed() async throws {
        try await withBridge { secure in try await secure.play("malformed") }
    }
}
