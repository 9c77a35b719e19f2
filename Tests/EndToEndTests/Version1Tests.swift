import Foundation
import Testing

@Suite("A poll route over pushbridge.v1")
struct Version1Tests {
    @Test("the topic is subscribed at once: a snapshot, then patches from the version that the client holds")
    func patches() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 0)))
        try await withBridge(pollRoute(upstream)) { bridge in
            let client = try await bridge.version1("/scores/premier")
            #expect(client.subprotocol == "pushbridge.v1")
            let before = Date().timeIntervalSince1970 * 1000
            let first = try await client.json()
            #expect(first["type"] == "snapshot")
            #expect(first["topic"] == "/scores/premier")
            #expect(first["id"] == .string(versionID(of: scoreboard(goals: 0))))
            #expect(first["data"] == (try JSON(scoreboard(goals: 0))))
            #expect(first["at"]?.double.map { abs($0 - before) < 60_000 } == true)
            upstream.answer(.json(scoreboard(goals: 1)))
            let second = try await client.json()
            #expect(second["type"] == "patch")
            #expect(second["topic"] == "/scores/premier")
            #expect(second["from"] == first["id"])
            #expect(second["id"] == .string(versionID(of: scoreboard(goals: 1))))
            #expect(second["patch"] == [["op": "replace", "path": "/goals", "value": 1]])
        }
    }

    @Test("a patch that would be larger than the document is a snapshot")
    func smallerSnapshot() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        try await withBridge(pollRoute(upstream)) { bridge in
            let client = try await bridge.version1("/scores/premier")
            _ = try await client.json()
            upstream.answer(.json(#"{"b":2}"#))
            let second = try await client.json()
            #expect(second["type"] == "snapshot")
            #expect(second["data"] == ["b": 2])
        }
    }

    @Test("mode chooses what is pushed: snapshots, merge patches or events")
    func modes() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"p":"\#(padding)","m":[{"id":1,"g":0}]}"#))
        try await withBridge(pollRoute(upstream, #""keys": {"/m": "id"}"#)) { bridge in
            let snapshot = try await bridge.version1("/scores/premier?mode=snapshot")
            let merge = try await bridge.version1("/scores/premier?mode=merge")
            let events = try await bridge.version1("/scores/premier?mode=events")
            for client in [snapshot, merge, events] { #expect(try await client.json()["type"] == "snapshot") }
            upstream.answer(.json(#"{"p":"\#(padding)","m":[{"id":1,"g":1}]}"#))
            #expect(try await snapshot.json()["type"] == "snapshot")
            let merged = try await merge.json()
            #expect(merged["type"] == "merge")
            #expect(merged["merge"] == ["m": [["id": 1, "g": 1]]])
            let event = try await events.json()
            #expect(event["type"] == "event")
            #expect(event["change"] == "changed")
            #expect(event["collection"] == "/m")
            #expect(event["key"] == 1)
            #expect(event["value"] == ["id": 1, "g": 1])
            #expect(event["was"] == ["id": 1, "g": 0])
            #expect(event["from"] == merged["from"])
            #expect(event["id"] == merged["id"])
        }
    }

    private let padding = String(repeating: "p", count: 500)

    @Test("text and binary documents come as text and base64")
    func otherContent() async throws {
        let upstream = try await LegacyUpstream { request in
            request.uri.contains("text")
                ? .text("héllo\n", type: "text/plain; charset=utf-8")
                : .init(contentType: "application/octet-stream", body: [0, 1, 255])
        }
        try await withBridge(pollRoute(upstream)) { bridge in
            let text = try await bridge.version1("/scores/text")
            let first = try await text.json()
            #expect(first["text"] == "héllo\n")
            #expect(first["data"] == nil)
            let binary = try await bridge.version1("/scores/binary")
            #expect(try await binary.json()["base64"] == "AAH/")
        }
    }

    @Test("a first fetch that fails is an error message, and the document follows when there is one")
    func firstFetchFails() async throws {
        let upstream = try await LegacyUpstream(.failure(500))
        try await withBridge(pollRoute(upstream)) { bridge in
            let client = try await bridge.version1("/scores/premier")
            let error = try await client.json()
            #expect(error["type"] == "error")
            #expect(error["topic"] == "/scores/premier")
            #expect(error["code"] == 502)
            #expect(error["message"]?.text?.isEmpty == false)
            upstream.answer(.json(#"{"a":1}"#))
            let snapshot = try await client.json()
            #expect(snapshot["type"] == "snapshot")
            #expect(snapshot["data"] == ["a": 1])
        }
    }

    @Test("a first fetch that hangs is an error message with 504")
    func firstFetchHangs() async throws {
        let upstream = try await LegacyUpstream(.silent)
        try await withBridge(pollRoute(upstream, #""timeout": "300ms""#)) { bridge in
            let error = try await bridge.version1("/scores/premier").json()
            #expect(error["type"] == "error")
            #expect(error["code"] == 504)
        }
    }

    @Test("ping is answered, and what cannot be understood is an error that names its ref")
    func pingAndMistakes() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        try await withBridge(pollRoute(upstream)) { bridge in
            let client = try await bridge.version1("/scores/premier")
            _ = try await client.json()
            try client.send(#"{"type":"ping"}"#)
            #expect(try await client.json() == ["type": "pong"])
            try client.send(#"{"type":"dance","ref":7}"#)
            let error = try await client.json()
            #expect(error["type"] == "error")
            #expect(error["code"] == 400)
            #expect(error["ref"] == 7)
            try client.send("no JSON")
            #expect(try await client.json()["code"] == 400)
            try client.send(#"{"type":"send","topic":"/scores/premier","data":1,"ref":"s"}"#)
            let refusal = try await client.json()
            #expect(refusal["code"] == 405)
            #expect(refusal["ref"] == "s")
            try client.send(#"{"type":"subscribe","topic":"/scores/other","ref":8}"#)
            let foreign = try await client.json()
            #expect(foreign["type"] == "error")
            #expect(foreign["ref"] == 8)
        }
    }

    @Test("a binary message is closed with 1003")
    func binaryMessage() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        try await withBridge(pollRoute(upstream)) { bridge in
            let client = try await bridge.version1("/scores/premier")
            try client.send(Data([1, 2]))
            #expect(try await client.closeCode() == 1003)
        }
    }
}

@Suite("Many subscriptions over one WebSocket")
struct MultiplexTests {
    private func routes(_ upstream: LegacyUpstream) -> String {
        pollRoute(upstream) + #", { "path": "/connect", "multiplex": { "maxSubscriptions": 3 } }"#
            + #", { "path": "/rooms/{room}", "channel": {} }"#
    }

    @Test("topics are subscribed and unsubscribed by name, each with its own changes")
    func subscribe() async throws {
        let upstream = try await LegacyUpstream { .json(#"{"uri":"\#($0.uri)"}"#) }
        try await withBridge(routes(upstream)) { bridge in
            let client = try await bridge.version1("/connect")
            try client.send(#"{"type":"subscribe","topic":"/scores/a","ref":1}"#)
            #expect(try await client.json()["data"] == ["uri": "/legacy?league=a"])
            try client.send(#"{"type":"subscribe","topic":"/scores/b","mode":"snapshot"}"#)
            let second = try await client.json()
            #expect(second["topic"] == "/scores/b")
            #expect(second["data"] == ["uri": "/legacy?league=b"])
            try client.send(#"{"type":"unsubscribe","topic":"/scores/a"}"#)
            #expect(try await client.json() == ["type": "unsubscribed", "topic": "/scores/a"])
            upstream.answer { .json(#"{"new":"\#($0.uri)"}"#) }
            let third = try await client.json()
            #expect(third["topic"] == "/scores/b")
            #expect(third["data"] == ["new": "/legacy?league=b"])
            try client.send(#"{"type":"ping"}"#)
            // Had /scores/a been pushed too, it would have come before.
            #expect(try await client.json() == ["type": "pong"])
        }
    }

    @Test("what cannot be subscribed is an error with its topic and ref, and the connection lives on")
    func errors() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        try await withBridge(routes(upstream)) { bridge in
            let client = try await bridge.version1("/connect")
            let mistakes: [(String, JSON)] = [
                (#"{"type":"subscribe","topic":"/nothing","ref":1}"#, 404),
                (#"{"type":"subscribe","topic":"/scores/..%2Fadmin","ref":1}"#, 404),
                (#"{"type":"subscribe","topic":"/scores/a","mode":"whole","ref":1}"#, 400),
                (#"{"type":"subscribe","topic":"/scores/a","mode":"events","ref":1}"#, 400),
                (#"{"type":"subscribe","topic":"/connect","ref":1}"#, 400),
                (#"{"type":"subscribe","topic":"scores","ref":1}"#, 400),
                (#"{"type":"unsubscribe","topic":"/scores/a","ref":1}"#, 404),
                (#"{"type":"subscribe","ref":1}"#, 400),
                (#"{"type":"send","topic":"/scores/a","data":1,"ref":1}"#, 409),
            ]
            for (message, code) in mistakes {
                try client.send(message)
                let error = try await client.json()
                #expect(error["type"] == "error", "\(message)")
                #expect(error["code"] == code, "\(message): \(error)")
                #expect(error["ref"] == 1, "\(message)")
                #expect(error["message"]?.text?.isEmpty == false)
            }
            #expect(upstream.requests.isEmpty)
            try client.send(#"{"type":"subscribe","topic":"/scores/a"}"#)
            #expect(try await client.json()["data"] == 1)
        }
    }

    @Test("more subscriptions than a connection may have are refused with 429")
    func limit() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        try await withBridge(routes(upstream)) { bridge in
            let client = try await bridge.version1("/connect")
            for name in ["a", "b", "c"] {
                try client.send(#"{"type":"subscribe","topic":"/scores/\#(name)"}"#)
                #expect(try await client.json()["type"] == "snapshot")
            }
            try client.send(#"{"type":"subscribe","topic":"/scores/d"}"#)
            #expect(try await client.json()["code"] == 429)
            try client.send(#"{"type":"unsubscribe","topic":"/scores/a"}"#)
            #expect(try await client.json()["type"] == "unsubscribed")
            try client.send(#"{"type":"subscribe","topic":"/scores/d"}"#)
            #expect(try await client.json()["type"] == "snapshot")
        }
    }

    @Test("two multiplexed clients talk through a channel, and a bare client hears them")
    func channel() async throws {
        let upstream = try await LegacyUpstream()
        try await withBridge(routes(upstream)) { bridge in
            let one = try await bridge.version1("/connect")
            let two = try await bridge.version1("/connect")
            let bare = try await bridge.webSocket("/rooms/lobby")
            for client in [one, two] {
                try client.send(#"{"type":"subscribe","topic":"/rooms/lobby"}"#)
                // A channel has no snapshot; the answer to a ping says that the subscription has been seen.
                try client.send(#"{"type":"ping"}"#)
                #expect(try await client.json() == ["type": "pong"])
            }
            try one.send(#"{"type":"send","topic":"/rooms/lobby","data":"hello"}"#)
            #expect(try await two.json() == ["type": "message", "topic": "/rooms/lobby", "data": "hello"])
            #expect(try await bare.text() == "hello")
            try bare.send("hi")
            #expect(try await one.json() == ["type": "message", "topic": "/rooms/lobby", "data": "hi"])
        }
    }

    @Test("a client that asks for other subprotocols only is refused")
    func otherSubprotocol() async throws {
        let upstream = try await LegacyUpstream()
        try await withBridge(routes(upstream)) { bridge in
            let refusal = await #expect(throws: WebSocketClient.Refused.self) {
                _ = try await WebSocketClient.open(bridge.webSocketURL("/connect"), subprotocols: ["other"])
            }
            #expect(refusal?.status == 400)
        }
    }

    @Test("maxRate bounds the deliveries, and the last one is the newest state")
    func maxRate() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"n":0}"#))
        try await withBridge(
            #"{ "path": "/n", "poll": { "url": "\#(upstream.url("/"))", "interval": "20ms" } }, "#
                + #"{ "path": "/connect", "multiplex": {} }"#
        ) { bridge in
            let client = try await bridge.version1("/connect")
            try client.send(#"{"type":"subscribe","topic":"/n","mode":"snapshot","maxRate":2}"#)
            #expect(try await client.json()["data"] == ["n": 0])
            let start = ContinuousClock.now
            for number in 1...30 {
                upstream.answer(.json(#"{"n":\#(number)}"#))
                try await upstream.isAsked(1)
            }
            var deliveries = 0
            while try await client.json()["data"] != ["n": 30] { deliveries += 1 }
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            #expect(Double(deliveries) <= seconds * 2 + 1)
        }
    }
}
