import Foundation
import Testing

@Suite("A poll route over a bare WebSocket")
struct BareWebSocketTests {
    @Test("every message is the whole document, as text")
    func snapshots() async throws {
        let upstream = try await LegacyUpstream(.json(#"{ "a": 1 }"#))
        try await withBridge(pollRoute(upstream)) { bridge in
            let client = try await bridge.webSocket("/scores/premier")
            #expect(client.subprotocol == nil)
            #expect(try await client.text() == #"{"a":1}"#)
            upstream.answer(.json(#"{ "a": 2 }"#))
            #expect(try await client.text() == #"{"a":2}"#)
            try client.close()
            #expect(try await client.closeCode() == 1000)
        }
    }

    @Test("binary documents are binary messages")
    func binary() async throws {
        let bytes: [UInt8] = [0, 255, 10, 128]
        let upstream = try await LegacyUpstream(.init(contentType: "image/png", body: bytes))
        try await withBridge(pollRoute(upstream)) { bridge in
            let client = try await bridge.webSocket("/scores/premier")
            #expect(try await client.next() == .binary(Data(bytes)))
        }
    }

    @Test("with mode=patch the first message is the document and the next a JSON Patch")
    func patches() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 0)))
        try await withBridge(pollRoute(upstream)) { bridge in
            let client = try await bridge.webSocket("/scores/premier?mode=patch")
            #expect(try await client.text() == scoreboard(goals: 0))
            upstream.answer(.json(scoreboard(goals: 1)))
            #expect(try await client.json() == [["op": "replace", "path": "/goals", "value": 1]])
        }
    }

    @Test("with mode=merge the next message is a merge patch")
    func merges() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 0)))
        try await withBridge(pollRoute(upstream)) { bridge in
            let client = try await bridge.webSocket("/scores/premier?mode=merge")
            #expect(try await client.text() == scoreboard(goals: 0))
            upstream.answer(.json(scoreboard(goals: 1)))
            #expect(try await client.json() == ["goals": 1])
        }
    }

    @Test("with mode=events the next messages are changes of items")
    func events() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"matches":[{"id":1,"goals":0}]}"#))
        try await withBridge(pollRoute(upstream, #""keys": {"/matches": "id"}"#)) { bridge in
            let client = try await bridge.webSocket("/scores/premier?mode=events")
            _ = try await client.text()
            upstream.answer(.json(#"{"matches":[{"id":1,"goals":1}]}"#))
            let change = try await client.json()
            #expect(change["change"] == "changed")
            #expect(change["collection"] == "/matches")
            #expect(change["key"] == 1)
            #expect(change["value"] == ["id": 1, "goals": 1])
        }
    }

    @Test("a mode that does not exist is 400 before the upgrade")
    func badMode() async throws {
        let upstream = try await LegacyUpstream()
        try await withBridge(pollRoute(upstream)) { bridge in
            let refusal = await #expect(throws: WebSocketClient.Refused.self) {
                _ = try await bridge.webSocket("/scores/premier?mode=whole")
            }
            #expect(refusal?.status == 400)
        }
    }

    @Test("compression is answered where it is offered, unless the route has it off")
    func compression() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 0)))
        let other = #", { "path": "/plain", "compression": "off", "poll": { "url": "\#(upstream.url("/"))" } }"#
        let context = #", { "path": "/context", "compression": "context", "poll": { "url": "\#(upstream.url("/"))" } }"#
        try await withBridge(pollRoute(upstream) + other + context) { bridge in
            for (path, isCompressed) in [("/scores/premier", true), ("/plain", false), ("/context", true)] {
                let client = try await bridge.webSocket(path)
                #expect((client.extensions?.contains("permessage-deflate") ?? false) == isCompressed, "\(path)")
                #expect(try await client.text() == scoreboard(goals: 0))
            }
        }
    }

    @Test("a client that does not read is brought to the newest state in one step when it reads again")
    func slowReader() async throws {
        let padding = String(repeating: "x", count: 200_000)
        let upstream = try await LegacyUpstream(.json(#"{"n":0,"padding":"\#(padding)"}"#))
        try await withBridge(pollRoute(upstream, interval: "20ms")) { bridge in
            let client = try await WebSocketClient.open(bridge.webSocketURL("/scores/premier"), compression: false)
            _ = try await client.text()
            try client.pause()
            for number in 1...60 {
                upstream.answer(.json(#"{"n":\#(number),"padding":"\#(padding)"}"#))
                try await upstream.isAsked(1)
            }
            // What the bridge knows by now, and what the client is owed.
            let last = #"{"n":60,"padding":"\#(padding)"}"#
            try await eventually("the last version") {
                try await Curl(bridge.url("/scores/premier"))["ETag"] == "\"\(versionID(of: last))\""
            }
            try client.resume()
            var messages = 0
            while try await client.text() != last { messages += 1 }
            #expect(messages < 55, "the client got \(messages) states that were over already")
        }
    }
}
