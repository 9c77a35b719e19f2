import Foundation
import Testing

@Suite("What was fetched with one client's credentials never reaches another")
struct CredentialsTests {
    private let ada = "Authorization: Bearer ada"
    private let mallory = "Authorization: Bearer mallory"
    private let anna = #"{"for":"Bearer ada"}"#
    private let others = #"{"for":"Bearer mallory"}"#

    /// Ada listens, so that her document and its history are there to be stolen.
    private func withAda(_ attempt: (BridgeUnderTest) async throws -> Void) async throws {
        let upstream = try await LegacyUpstream { request in
            .json(#"{"for":"\#(request.headers.first(name: "Authorization") ?? "nobody")"}"#)
        }
        let routes =
            pollRoute(upstream, interval: "60s", #""forward": ["Authorization"]"#)
            + #", { "path": "/connect", "multiplex": {} }"#
        try await withBridge(routes) { bridge in
            let listener = try await bridge.version1("/scores/mine", headers: [ada])
            #expect(try await listener.json()["data"]?["for"] == "Bearer ada")
            try await attempt(bridge)
        }
    }

    private var version: String { versionID(of: anna) }

    @Test("through GET, with her ETag, and by long poll")
    func get() async throws {
        try await withAda { bridge in
            let url = bridge.url("/scores/mine")
            #expect(try await Curl(url, "-H", mallory).text == others)
            #expect(try await Curl(url, "-H", mallory, "-H", "If-None-Match: \"\(version)\"").text == others)
            let waiting = try await Curl(
                url,
                "-H",
                mallory,
                "-H",
                "If-None-Match: \"\(version)\"",
                "-H",
                "Prefer: wait=1"
            )
            #expect(waiting.text == others)
            #expect(try await Curl(url).text == #"{"for":"nobody"}"#)
            // The name of a header is not case-sensitive; its value is.
            #expect(try await Curl(url, "-H", "authorization: Bearer ada").text == anna)
            #expect(try await Curl(url, "-H", "Authorization: bearer ada").text == #"{"for":"bearer ada"}"#)
        }
    }

    @Test("through Server-Sent Events, fresh and with Last-Event-ID", arguments: ["snapshot", "patch", "merge"])
    func eventStream(mode: String) async throws {
        try await withAda { bridge in
            for resume in ["X-Fresh: 1", "Last-Event-ID: \(version)"] {
                let url = bridge.url("/scores/mine?mode=\(mode)")
                let (stream, _) = try await EventStream.open(url, "-H", mallory, "-H", resume)
                #expect(try await stream.next()?.data == others)
                stream.close()
            }
        }
    }

    @Test("through a bare WebSocket and pushbridge.v1, fresh and with since")
    func webSocket() async throws {
        try await withAda { bridge in
            for since in ["", "?since=\(version)"] {
                let bare = try await bridge.webSocket("/scores/mine\(since)", headers: [mallory])
                #expect(try await bare.text() == others)
                let first = try await bridge.version1("/scores/mine\(since)", headers: [mallory]).json()
                #expect(first["type"] == "snapshot")
                #expect(first["data"]?["for"] == "Bearer mallory")
            }
        }
    }

    @Test("through a multiplexed subscription, fresh and with since")
    func multiplex() async throws {
        try await withAda { bridge in
            for since in ["", #","since":"\#(version)""#] {
                let client = try await bridge.version1("/connect", headers: [mallory])
                try client.send(#"{"type":"subscribe","topic":"/scores/mine"\#(since)}"#)
                let first = try await client.json()
                #expect(first["type"] == "snapshot")
                #expect(first["data"]?["for"] == "Bearer mallory")
            }
        }
    }
}
