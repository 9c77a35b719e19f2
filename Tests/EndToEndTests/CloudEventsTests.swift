import Foundation
import Testing

@Suite("CloudEvents over WebSocket")
struct CloudEventsTests {
    /// Checks what CloudEvents 1.0 and its JSON format ask of every event.
    private func event(_ client: WebSocketClient) async throws -> JSON {
        let event = try await client.json()
        guard case .object(let members) = event else { throw WebSocketClient.Unexpected(what: "\(event)") }
        #expect(event["specversion"] == "1.0")
        for name in ["id", "source", "type"] { #expect(event[name]?.text?.isEmpty == false, "\(name)") }
        let time = try #require(event["time"]?.text)
        #expect(
            (try? Date(time, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))) != nil,
            "\(time)"
        )
        // Section 3.1: names of lower-case letters and digits; data_base64 is the JSON format's own.
        for name in members.keys where name != "data_base64" {
            #expect(name.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber) }, "\(name)")
        }
        #expect(event["data"] == nil || event["data_base64"] == nil)
        return event
    }

    private func open(_ url: String) async throws -> WebSocketClient {
        try await .open(url, subprotocols: ["cloudevents.json"])
    }

    @Test("a poll route's documents are events of the topic, whole unless a mode is asked for")
    func snapshots() async throws {
        let upstream = try await LegacyUpstream(.json(#"{ "goals": 1.10 }"#))
        try await withBridge(pollRoute(upstream)) { bridge in
            let client = try await open(bridge.webSocketURL("/scores/a"))
            #expect(client.subprotocol == "cloudevents.json")
            let first = try await event(client)
            #expect(first["type"] == "pushbridge.snapshot" && first["source"] == "/scores/a")
            #expect(first["datacontenttype"] == "application/json")
            #expect(first["data"]?["goals"]?.double == 1.1)
            #expect(first["version"]?.text == versionID(of: #"{"goals":1.10}"#))
            upstream.answer(.json(#"{ "goals": 2 }"#))
            let second = try await event(client)
            #expect(second["data"]?["goals"] == 2)
            for event in [first, second] {
                // The id ends in the same moment.
                let milliseconds = try #require(event["id"]?.text?.split(separator: "-").last)
                #expect(event["time"]?.text?.hasSuffix(".\(milliseconds.suffix(3))Z") == true, "\(event)")
            }
            upstream.answer(.json(#"{ "goals": 1.10 }"#))
            let third = try await event(client)
            #expect(third["version"] == first["version"])
            #expect(Set([first, second, third].compactMap { $0["id"]?.text }).count == 3, "each event has its own id")
        }
    }

    @Test("changes are events with the media types of their formats, and resume by version")
    func changes() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 1)))
        try await withBridge(pollRoute(upstream, #""keys": { "/players": "id" }"#)) { bridge in
            let patches = try await open(bridge.webSocketURL("/scores/a?mode=patch"))
            let merges = try await open(bridge.webSocketURL("/scores/a?mode=merge"))
            let items = try await open(bridge.webSocketURL("/scores/a?mode=events"))
            let version = try #require(try await event(patches)["version"]?.text)
            _ = try await event(merges)
            _ = try await event(items)
            upstream.answer(.json(scoreboard(goals: 2).replacing("player number 7\"", with: "seven\"")))
            let patch = try await event(patches)
            #expect(patch["type"] == "pushbridge.patch")
            #expect(patch["datacontenttype"] == "application/json-patch+json")
            #expect(patch["fromversion"]?.text == version && patch["data"]?.items?.isEmpty == false)
            let merge = try await event(merges)
            #expect(merge["type"] == "pushbridge.merge")
            #expect(merge["datacontenttype"] == "application/merge-patch+json")
            let item = try await event(items)
            #expect(item["type"] == "pushbridge.item.changed" && item["subject"] == "/players/7")
            #expect(item["data"]?["value"]?["name"] == "seven")
            let resumed = try await open(bridge.webSocketURL("/scores/a?mode=patch&since=\(version)"))
            #expect(try await event(resumed)["id"] == patch["id"], "the same event has the same id for everybody")
        }
    }

    @Test("text is a string, bytes are base64, and trouble is an event")
    func otherDocuments() async throws {
        let upstream = try await LegacyUpstream(.text("<a>é</a>", type: "text/html; charset=utf-8"))
        try await withBridge(pollRoute(upstream)) { bridge in
            let client = try await open(bridge.webSocketURL("/scores/a"))
            let text = try await event(client)
            #expect(text["data"] == "<a>é</a>" && text["datacontenttype"] == "text/html; charset=utf-8")
            upstream.answer(.init(contentType: "image/png", body: [0x89, 0x50, 0, 255]))
            var next = try await event(client)
            #expect(next["data_base64"] == "iVAA/w==" && next["datacontenttype"] == "image/png")
            upstream.answer(.failure(500))
            next = try await event(client)
            #expect(next["type"] == "pushbridge.status" && next["data"]?["state"] == "stale")
            #expect(next["data"]?["code"] == 500)
        }
    }

    @Test("the first of the client's subprotocols that is known is chosen")
    func negotiation() async throws {
        let upstream = try await LegacyUpstream(.json("{}"))
        try await withBridge(pollRoute(upstream)) { bridge in
            let url = bridge.webSocketURL("/scores/a")
            let cases = [
                (["cloudevents.json", "pushbridge.v1"], "cloudevents.json"),
                (["cloudevents.avro", "pushbridge.v1", "cloudevents.json"], "pushbridge.v1"),
                (["cloudevents.avro"], nil),
            ]
            for (asked, chosen) in cases {
                let client = try await WebSocketClient.open(url, subprotocols: asked)
                #expect(client.subprotocol == chosen)
            }
        }
    }

    @Test("in a room events go through as they are, and others' messages become events")
    func room() async throws {
        try await withBridge(#"{ "path": "/rooms/{room}", "channel": {} }"#) { bridge in
            let url = bridge.webSocketURL("/rooms/a")
            let first = try await open(url)
            let second = try await open(url)
            let bare = try await WebSocketClient.open(url)
            let version1 = try await bridge.version1("/rooms/a")
            // Who hears the next one is in.
            let own = #"{"specversion":"1.0","id":"1","source":"/me","type":"t","mine":"x","data":{"a":1.10}}"#
            try first.send(own)
            #expect(try await second.text() == own)
            #expect(try await bare.text() == own)
            #expect(try await version1.json()["data"]?["mine"] == "x")
            try bare.send("hello")
            let heard = try await event(first)
            #expect(heard["type"] == "pushbridge.message" && heard["source"] == "/rooms/a")
            #expect(heard["data"] == "hello" && heard["datacontenttype"] == "text/plain")
            #expect(try await event(second)["id"] == heard["id"])
            try bare.send(Data([0, 255]))
            let bytes = try await event(first)
            // Without its type it would be taken for JSON.
            #expect(bytes["data_base64"] == "AP8=" && bytes["datacontenttype"] == "application/octet-stream")
            try version1.send(#"{"type":"send","topic":"/rooms/a","data":{"a":1}}"#)
            let json = try await event(first)
            #expect(json["data"]?["a"] == 1 && json["datacontenttype"] == "application/json")
        }
    }

    @Test("the SDK of the CloudEvents project reads events of all kinds, and writes them as they came")
    func otherReader() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 1)))
        let began = Date.now.timeIntervalSince1970 * 1000
        let room = #"{ "path": "/rooms/{room}", "channel": { "history": 1, "echo": true } }"#
        try await withBridge("\(pollRoute(upstream)), \(room)") { bridge in
            func reader(_ path: String) throws -> ChildProcess {
                let script = Places.scripts.appending(path: "cloud_events.py").path()
                return try ChildProcess(Places.python(), [script, bridge.webSocketURL(path)])
            }
            func next(_ reader: ChildProcess) async throws -> JSON {
                let event = try JSON(try #require(try await reader.line(), "\(reader.errors)"))
                let milliseconds = try #require(event["milliseconds"]?.double)
                #expect(milliseconds >= began - 1 && milliseconds <= Date.now.timeIntervalSince1970 * 1000 + 1)
                return event
            }
            let poll = try reader("/scores/a?mode=patch")
            var event = try await next(poll)
            #expect(event["type"] == "pushbridge.snapshot" && event["source"]?.text?.hasPrefix("/scores/a") == true)
            #expect(event["datacontenttype"] == "application/json")
            upstream.answer(.json(scoreboard(goals: 2)))
            event = try await next(poll)
            #expect(event["type"] == "pushbridge.patch" && event["datacontenttype"] == "application/json-patch+json")
            upstream.answer(.text("é \"quoted\"\n", type: "text/plain; charset=utf-8"))
            event = try await next(poll)
            #expect(event["data"] == "é \"quoted\"\n" && event["datacontenttype"] == "text/plain; charset=utf-8")
            upstream.answer(.init(contentType: "image/png", body: [0x89, 0x50, 0, 255]))
            event = try await next(poll)
            #expect(event["isBinary"] == true && event["data"] == "iVAA/w==")
            upstream.answer(.failure(500))
            event = try await next(poll)
            #expect(event["type"] == "pushbridge.status" && event["data"]?["state"] == "stale")

            let sender = try await WebSocketClient.open(bridge.webSocketURL("/rooms/a"))
            try sender.send("hello")
            #expect(try await sender.text() == "hello")
            event = try await next(reader("/rooms/a"))
            #expect(event["type"] == "pushbridge.message" && event["data"] == "hello")
            #expect(event["datacontenttype"] == "text/plain")
        }
    }

    @Test(
        "what is no event is close 1007",
        arguments: [
            "hello", "{}", #"{"specversion":"0.3","id":"1","source":"/me","type":"t"}"#,
            #"{"specversion":"1.0","id":"","source":"/me","type":"t"}"#,
            #"{"specversion":"1.0","id":"1","source":"/me"}"#,
        ]
    )
    func noEvent(text: String) async throws {
        try await withBridge(#"{ "path": "/rooms/{room}", "channel": {} }"#) { bridge in
            let client = try await open(bridge.webSocketURL("/rooms/a"))
            try client.send(text)
            #expect(try await client.closeCode() == 1007)
        }
    }
}
