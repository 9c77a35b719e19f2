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
            pollRoute(upstream, interval: "60s", #""forward": ["Authorization"], "keys": {"/items": "id"}"#)
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
            let head = try await Curl(url, "-H", mallory, "-H", "If-None-Match: \"\(version)\"", "--head")
            #expect(head.status == 200)
            #expect(head["ETag"] == "\"\(versionID(of: others))\"")
        }
    }

    @Test("through a connection that both of them use, as behind a proxy")
    func sharedConnection() async throws {
        try await withAda { bridge in
            let client = try await RawConnection.open(port: bridge.port)
            let request = "GET /scores/mine HTTP/1.1\r\nHost: a\r\n"
            try await client.send("\(request)\(ada)\r\n\r\n\(request)\(mallory)\r\nConnection: close\r\n\r\n")
            let answers = String(decoding: try await client.end(), as: UTF8.self)
            #expect(answers.contains(anna))
            #expect(answers.hasSuffix(others))
        }
    }

    @Test("with several forwarded headers each counts, and in which of them a value stands")
    func severalHeaders() async throws {
        let upstream = try await LegacyUpstream { request in
            let values = ["Authorization", "Cookie"].map { request.headers.first(name: $0) ?? "-" }
            return .json(#""\#(values.joined(separator: " "))""#)
        }
        let route = pollRoute(upstream, interval: "60s", #""forward": ["Authorization", "Cookie"]"#)
        try await withBridge(route) { bridge in
            let url = bridge.url("/scores/mine")
            for (authorization, cookie) in [
                ("a", nil), (nil, "a"), ("a", "a"), ("a", "b"), ("b", "a"), ("ab", nil), ("a", "b="), (nil, nil),
            ] as [(String?, String?)] {
                var arguments: [String] = []
                if let authorization { arguments += ["-H", "Authorization: \(authorization)"] }
                if let cookie { arguments += ["-H", "Cookie: \(cookie)"] }
                let answer = try await Curl(url, arguments: arguments)
                #expect(answer.text == "\"\(authorization ?? "-") \(cookie ?? "-")\"")
            }
            #expect(upstream.requests.count == 8)
        }
    }

    @Test("a message that send carries is the sender's own")
    func send() async throws {
        let upstream = try await LegacyUpstream { request in
            .json(#"{"for":"\#(request.headers.first(name: "Authorization") ?? "nobody")"}"#)
        }
        let options = #""forward": ["Authorization"], "send": { "url": "\#(upstream.url("/post"))" }"#
        let routes = pollRoute(upstream, interval: "60s", options) + #", { "path": "/connect", "multiplex": {} }"#
        try await withBridge(routes) { bridge in
            let listener = try await bridge.version1("/scores/mine", headers: [ada])
            _ = try await listener.json()
            let client = try await bridge.version1("/connect", headers: [mallory])
            try client.send(#"{"type":"subscribe","topic":"/scores/mine"}"#)
            _ = try await client.json()
            try client.send(#"{"type":"send","topic":"/scores/mine","data":1}"#)
            #expect(try await client.json()["data"] == ["for": "Bearer mallory"])
            let posts = upstream.requests.filter { $0.method == "POST" }
            #expect(posts.map { $0.headers["Authorization"] } == [["Bearer mallory"]])
        }
    }

    @Test(
        "through Server-Sent Events, fresh and with Last-Event-ID",
        arguments: ["snapshot", "patch", "merge", "events"]
    )
    func eventStream(mode: String) async throws {
        try await withAda { bridge in
            for (query, header) in [
                ("", "X-Fresh: 1"), ("", "Last-Event-ID: \(version)"), ("&last_event_id=\(version)", "X: 1"),
                ("&lastEventId=\(version)", "X: 1"), ("&since=\(version)", "X: 1"),
            ] {
                let url = bridge.url("/scores/mine?mode=\(mode)\(query)")
                let (stream, _) = try await EventStream.open(url, "-H", mallory, "-H", header)
                #expect(try await stream.next()?.data == others)
                stream.close()
            }
        }
    }

    @Test(
        "through a bare WebSocket, pushbridge.v1 and CloudEvents, fresh and with since",
        arguments: ["snapshot", "patch", "merge", "events"]
    )
    func webSocket(mode: String) async throws {
        try await withAda { bridge in
            for since in ["", "&since=\(version)"] {
                let path = "/scores/mine?mode=\(mode)\(since)"
                let bare = try await bridge.webSocket(path, headers: [mallory])
                #expect(try await bare.text() == others)
                let first = try await bridge.version1(path, headers: [mallory]).json()
                #expect(first["type"] == "snapshot")
                #expect(first["data"]?["for"] == "Bearer mallory")
                let events = try await WebSocketClient.open(
                    bridge.webSocketURL(path),
                    subprotocols: ["cloudevents.json"],
                    headers: [mallory]
                )
                let event = try await events.json()
                #expect(event["type"] == "pushbridge.snapshot")
                #expect(event["data"]?["for"] == "Bearer mallory")
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
