import Foundation
import Testing

@Suite("A client that comes back resumes where it was")
struct ResumeTests {
    /// Brings the upstream from goals 0 to 2 while somebody else listens, so that versions are remembered.
    private func play(_ upstream: LegacyUpstream, _ bridge: BridgeUnderTest) async throws {
        let witness = try await bridge.version1("/scores/premier")
        #expect(try await witness.json()["type"] == "snapshot")
        for goals in 1...2 {
            upstream.answer(.json(scoreboard(goals: goals)))
            #expect(try await witness.json()["id"] == .string(versionID(of: scoreboard(goals: goals))))
        }
    }

    private let old = versionID(of: scoreboard(goals: 0))
    private let newest = versionID(of: scoreboard(goals: 2))
    private let unknown = versionID(of: "never seen")

    @Test("over pushbridge.v1: one composite patch, current, or a snapshot")
    func version1() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 0)))
        try await withBridge(pollRoute(upstream)) { bridge in
            try await play(upstream, bridge)
            let behind = try await bridge.version1("/scores/premier?since=\(old)").json()
            #expect(behind["type"] == "patch")
            #expect(behind["from"] == .string(old))
            #expect(behind["id"] == .string(newest))
            #expect(behind["patch"] == [["op": "replace", "path": "/goals", "value": 2]])
            let current = try await bridge.version1("/scores/premier?since=\(newest)").json()
            #expect(current == ["type": "current", "topic": "/scores/premier", "id": .string(newest)])
            for since in [unknown, "nonsense", ""] {
                let lost = try await bridge.version1("/scores/premier?since=\(since)").json()
                #expect(lost["type"] == "snapshot", "since=\(since)")
                #expect(lost["id"] == .string(newest))
            }
        }
    }

    @Test("over a multiplexed subscription: since in the message")
    func multiplex() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 0)))
        try await withBridge(pollRoute(upstream) + #", { "path": "/connect", "multiplex": {} }"#) { bridge in
            try await play(upstream, bridge)
            let client = try await bridge.version1("/connect")
            try client.send(#"{"type":"subscribe","topic":"/scores/premier","since":"\#(old)"}"#)
            #expect(try await client.json()["patch"] == [["op": "replace", "path": "/goals", "value": 2]])
            let other = try await bridge.version1("/connect")
            try other.send(#"{"type":"subscribe","topic":"/scores/premier","since":"\#(newest)"}"#)
            #expect(try await other.json()["type"] == "current")
        }
    }

    @Test("over a bare WebSocket: a patch, the document, or nothing until the next change")
    func bare() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 0)))
        try await withBridge(pollRoute(upstream)) { bridge in
            try await play(upstream, bridge)
            let patch: JSON = [["op": "replace", "path": "/goals", "value": 2]]
            #expect(try await bridge.webSocket("/scores/premier?mode=patch&since=\(old)").json() == patch)
            let document = scoreboard(goals: 2)
            #expect(try await bridge.webSocket("/scores/premier?since=\(old)").text() == document)
            #expect(try await bridge.webSocket("/scores/premier?since=\(unknown)").text() == document)
            let current = try await bridge.webSocket("/scores/premier?since=\(newest)")
            upstream.answer(.json(scoreboard(goals: 3)))
            #expect(try await current.text() == scoreboard(goals: 3))
        }
    }

    @Test("over server-sent events: the Last-Event-ID header, or last_event_id, lastEventId or since in the query")
    func events() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 0)))
        try await withBridge(pollRoute(upstream)) { bridge in
            try await play(upstream, bridge)
            let url = bridge.url("/scores/premier?mode=patch")
            let streams = [
                try await EventStream.open(url, "-H", "Last-Event-ID: \(old)").0,
                try await EventStream.open(url + "&last_event_id=\(old)").0,
                try await EventStream.open(url + "&lastEventId=\(old)").0,
                try await EventStream.open(url + "&since=\(old)").0,
            ]
            for stream in streams {
                let event = try #require(try await stream.next())
                #expect(event.name == "patch")
                #expect(event.id == newest)
                #expect(try JSON(event.data) == [["op": "replace", "path": "/goals", "value": 2]])
            }
            let (lost, _) = try await EventStream.open(url, "-H", "Last-Event-ID: \(unknown)")
            #expect(try await lost.next()?.name == "snapshot")
            let (current, _) = try await EventStream.open(url, "-H", "Last-Event-ID: \(newest)")
            upstream.answer(.json(scoreboard(goals: 3)))
            let next = try #require(try await current.next())
            #expect(next.name == "patch")
            #expect(try JSON(next.data) == [["op": "replace", "path": "/goals", "value": 3]])
        }
    }

    @Test("the version is the same for all transports")
    func sameVersion() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 2)))
        try await withBridge(pollRoute(upstream)) { bridge in
            #expect(try await Curl(bridge.url("/scores/premier"))["ETag"] == "\"\(newest)\"")
            #expect(try await bridge.version1("/scores/premier").json()["id"] == .string(newest))
            let (stream, _) = try await EventStream.open(bridge.url("/scores/premier"))
            #expect(try await stream.next()?.id == newest)
        }
    }

    @Test("a client that holds the newest version is current for a bridge that has just been started")
    func currentAfterRestart() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 2)))
        try await withBridge(pollRoute(upstream)) { bridge async throws in
            #expect(try await bridge.version1("/scores/premier?since=\(newest)").json()["type"] == "current")
        }
    }

    @Test("a document that comes back to what it was has its old version again")
    func backAndForth() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 0)))
        try await withBridge(pollRoute(upstream)) { bridge in
            let client = try await bridge.version1("/scores/premier")
            #expect(try await client.json()["id"] == .string(old))
            for goals in [1, 0, 1, 0] {
                upstream.answer(.json(scoreboard(goals: goals)))
                let message = try await client.json()
                #expect(message["type"] == "patch")
                #expect(message["id"] == .string(versionID(of: scoreboard(goals: goals))))
                #expect(message["patch"] == [["op": "replace", "path": "/goals", "value": .number(Double(goals))]])
            }
            #expect(try await bridge.version1("/scores/premier?since=\(old)").json()["type"] == "current")
        }
    }

    @Test("without a history a version that is not the newest is a snapshot")
    func noHistory() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 0)))
        try await withBridge(pollRoute(upstream, #""history": "0B""#)) { bridge in
            try await play(upstream, bridge)
            #expect(try await bridge.version1("/scores/premier?since=\(old)").json()["type"] == "snapshot")
        }
    }
}
