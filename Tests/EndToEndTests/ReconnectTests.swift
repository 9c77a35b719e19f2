import Foundation
import Testing

@Suite("A crowd that comes back at once")
struct ReconnectTests {
    @Test("2000 clients that resume on three transports cost the upstream nothing, and each gets one composite change")
    func twoThousand() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 0)))
        let settings =
            AdminListener.setting + #""limits": { "connections": 5000, "connectionsPerAddress": 5000 },"#
        // Polled only when poked, so that every further request would be a client's doing.
        try await withBridge(pollRoute(upstream, interval: "1000s"), settings: settings) { bridge in
            let admin = try await AdminListener(of: bridge)
            let witness = try await bridge.version1("/scores/a")
            #expect(try await witness.json()["type"] == "snapshot")
            let crowd = try ChildProcess(
                try Places.python(),
                [
                    Places.scripts.appending(path: "reconnect.py").path(), "127.0.0.1", "\(bridge.port)", "/scores/a",
                    "2000",
                ]
            )
            #expect(
                try await crowd.line(within: .seconds(120)) == "2000 connected",
                "\(crowd.errors.suffix(2000))"
            )
            #expect(upstream.requests.count == 1)
            for goals in 1...5 {
                upstream.answer(.json(scoreboard(goals: goals)))
                try await admin.poke("/scores/a")
                #expect(try await witness.json()["type"] == "patch")
            }
            #expect(upstream.requests.count == 6)
            try await admin.awaits(#"subscribers{route="/scores/{league}"}"#, 1)
            try crowd.write(line: versionID(of: scoreboard(goals: 5)))
            let line = try await crowd.line(within: .seconds(120))
            let sent = try JSON(try #require(line, "\(crowd.errors.suffix(2000))"))
            // One and the same patch over all five versions for each who resumed, and the document for long polls.
            #expect(sent == ["v1 patch": [1, 667], "events patch": [1, 667], "poll document": [1, 666]])
            #expect(try await crowd.end() == .exited(0))
            #expect(upstream.requests.count == 6)
        }
    }
}
