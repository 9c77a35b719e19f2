import Foundation
import Testing

@Suite("A poll route as server-sent events")
struct EventStreamTests {
    @Test("snapshot mode gives unnamed events with the whole document and its version")
    func snapshots() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a": 1}"#))
        try await withBridge(pollRoute(upstream)) { bridge in
            let (stream, head) = try await EventStream.open(bridge.url("/scores/premier"))
            #expect(head.status == 200)
            #expect(head["Content-Type"]?.hasPrefix("text/event-stream") == true)
            #expect(head["Cache-Control"] == "no-cache")
            let first = try await stream.next()
            #expect(first == .init(id: versionID(of: #"{"a":1}"#), data: #"{"a":1}"#))
            upstream.answer(.json(#"{"a": 2}"#))
            let second = try await stream.next()
            #expect(second == .init(id: versionID(of: #"{"a":2}"#), data: #"{"a":2}"#))
            let retry = try #require(stream.received.firstMatch(of: /retry: (\d+)\n/)?.1)
            #expect(Int(retry).map { $0 > 0 } == true)
        }
    }

    @Test("retry is drawn for each connection, from 1 to 5 seconds")
    func retry() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        try await withBridge(pollRoute(upstream)) { bridge in
            var drawn: Set<Int> = []
            for _ in 0..<4 {
                let (stream, _) = try await EventStream.open(bridge.url("/scores/premier"))
                _ = try await stream.next()
                let milliseconds = try #require(stream.received.firstMatch(of: /retry: (\d+)\n/)?.1)
                drawn.insert(try #require(Int(milliseconds)))
            }
            #expect(drawn.allSatisfy { (1000...5000).contains($0) })
            #expect(drawn.count > 1, "\(drawn)")
        }
    }

    @Test("patch mode gives a snapshot, then named patches")
    func patches() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 0)))
        try await withBridge(pollRoute(upstream)) { bridge in
            let (stream, _) = try await EventStream.open(bridge.url("/scores/premier?mode=patch"))
            let first = try #require(try await stream.next())
            #expect(first.name == "snapshot")
            #expect(first.data == scoreboard(goals: 0))
            upstream.answer(.json(scoreboard(goals: 1)))
            let second = try #require(try await stream.next())
            #expect(second.name == "patch")
            #expect(second.id == versionID(of: scoreboard(goals: 1)))
            #expect(try JSON(second.data) == [["op": "replace", "path": "/goals", "value": 1]])
        }
    }

    @Test("merge mode gives RFC 7396 merge patches")
    func merges() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 0)))
        try await withBridge(pollRoute(upstream)) { bridge in
            let (stream, _) = try await EventStream.open(bridge.url("/scores/premier?mode=merge"))
            #expect(try await stream.next()?.name == "snapshot")
            upstream.answer(.json(scoreboard(goals: 1)))
            let second = try #require(try await stream.next())
            #expect(second.name == "merge")
            #expect(try JSON(second.data) == ["goals": 1])
        }
    }

    @Test("events mode gives one event for each changed item of a keyed array")
    func events() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"matches":[{"id":1,"goals":0},{"id":2,"goals":0}]}"#))
        try await withBridge(pollRoute(upstream, #""keys": {"/matches": "id"}"#)) { bridge in
            let (stream, _) = try await EventStream.open(bridge.url("/scores/premier?mode=events"))
            #expect(try await stream.next()?.name == "snapshot")
            upstream.answer(.json(#"{"matches":[{"id":3,"goals":0},{"id":2,"goals":1}]}"#))
            var changes: [String: JSON] = [:]
            for _ in 0..<3 {
                let event = try #require(try await stream.next())
                #expect(event.name == "event")
                let change = try JSON(event.data)
                #expect(change["collection"] == "/matches")
                changes[try #require(change["change"]?.text)] = change
            }
            #expect(changes["changed"]?["key"] == 2)
            #expect(changes["changed"]?["value"] == ["id": 2, "goals": 1])
            #expect(changes["changed"]?["was"] == ["id": 2, "goals": 0])
            #expect(changes["added"]?["key"] == 3)
            #expect(changes["removed"]?["key"] == 1)
        }
    }

    @Test("upstream trouble and its end are status events")
    func status() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        try await withBridge(pollRoute(upstream)) { bridge in
            let (stream, _) = try await EventStream.open(bridge.url("/scores/premier"))
            _ = try await stream.next()
            upstream.answer(.failure(503))
            let stale = try #require(try await stream.next())
            #expect(stale.name == "status")
            #expect(stale.id == nil)
            let status = try JSON(stale.data)
            #expect(status["state"] == "stale")
            #expect(status["code"] == 503)
            upstream.answer(.json(#"{"a":1}"#))
            let live = try #require(try await stream.next())
            #expect(live.name == "status")
            #expect(try JSON(live.data)["state"] == "live")
        }
    }

    @Test("text of many lines arrives line by line, and is the same text again")
    func text() async throws {
        let upstream = try await LegacyUpstream(.text("one\ntwo\n\nthree"))
        try await withBridge(pollRoute(upstream)) { bridge in
            let (stream, _) = try await EventStream.open(bridge.url("/scores/premier"))
            #expect(try await stream.next()?.data == "one\ntwo\n\nthree")
        }
    }

    @Test("a stream without news has a comment every 15 seconds")
    func heartbeat() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        // It only waits: no place at the turnstile is taken for that long.
        let bridge = try await BridgeUnderTest.serve(pollRoute(upstream))
        let (stream, _) = try await EventStream.open(bridge.url("/scores/premier"))
        let start = ContinuousClock.now
        try await eventually("a comment", within: .seconds(25)) { stream.received.contains("\n:") }
        #expect(ContinuousClock.now - start > .seconds(13))
        stream.close()
        try await bridge.stop()
    }

    @Test("a stream that would begin with a failure is an HTTP error instead")
    func failure() async throws {
        let upstream = try await LegacyUpstream(.failure(500))
        try await withBridge(pollRoute(upstream)) { bridge in
            let answer = try await Curl(bridge.url("/scores/premier"), "-H", "Accept: text/event-stream")
            #expect(answer.status == 502)
        }
    }

    @Test("a mode that does not exist, and events without keys, are 400")
    func badMode() async throws {
        let upstream = try await LegacyUpstream()
        try await withBridge(pollRoute(upstream)) { bridge in
            for mode in ["whole", "events"] {
                let answer = try await Curl(
                    bridge.url("/scores/premier?mode=\(mode)"),
                    "-H",
                    "Accept: text/event-stream"
                )
                #expect(answer.status == 400, "\(mode)")
                #expect(answer["Content-Type"] == "application/problem+json")
            }
        }
    }
}
