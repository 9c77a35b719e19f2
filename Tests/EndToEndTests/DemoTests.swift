import Foundation
import Testing

@Suite("pushbridge demo")
struct DemoTests {
    @Test("the legacy API, the TCP services, the bridge and its page are there, and a match is pushed")
    func demo() async throws {
        try await within(Turnstile.bridges) {
            let bridge = try await BridgeUnderTest.start([
                "demo", "--port", "0", "--legacy-port", "0", "--echo-port", "0", "--chat-port", "0",
            ])
            #expect(bridge.preamble.count == 2)
            let legacy = try #require(bridge.preamble[0].firstMatch(of: /legacy API: (http:\/\/127\.0\.0\.1:\d+)\//)?.1)
            let services = /tcp echo: 127\.0\.0\.1:\d+, tcp chat: 127\.0\.0\.1:\d+/
            #expect(bridge.preamble[1].wholeMatch(of: services) != nil)

            let page = try await Curl(bridge.url("/"))
            #expect(page.status == 200)
            #expect(page["Content-Type"]?.hasPrefix("text/html") == true)
            let script = try #require(page.text.firstMatch(of: /src="\.?\/?([^"]+\.js)"/)?.1)
            #expect(try await Curl(bridge.url("/\(script)")).status == 200)
            #expect(try await Curl(bridge.url("/demo.json")).json()["leagues"]?.items?.contains("premier") == true)

            let scores = try await Curl(bridge.url("/scores/premier"))
            #expect(scores.status == 200)
            #expect(scores["ETag"] != nil)
            #expect(try scores.json()["matches"]?.items?.isEmpty == false)
            #expect(try await Curl(bridge.url("/scores/no-such-league")).status == 502)

            let client = try await bridge.version1("/scores/premier")
            let first = try await client.json()
            #expect(first["type"] == "snapshot")
            let second = try await client.json(within: .seconds(60))
            #expect(second["type"] == "patch" || second["type"] == "snapshot")

            let echo = try await bridge.webSocket("/tunnel/echo")
            try echo.send(Data("ping".utf8))
            #expect(try await echo.next() == .binary(Data("ping".utf8)))
            let room = try await bridge.webSocket("/rooms/a")
            try room.send("hello")
            #expect(try await bridge.webSocket("/rooms/a").text() == "hello")

            let statistics = try await Curl("\(legacy)/legacy/stats").json()
            #expect(statistics["bridge"]?["requests"]?.double.map { $0 > 0 } == true)
            try await bridge.stop()
        }
    }

    @Test("the bridge may have the usual port of one of the services")
    func usualPort() async throws {
        try await within(Turnstile.bridges) {
            // Those of 8081, 7007 and 7008 that are free on this machine: the port itself must be to be had.
            for port in [8081, 7007, 7008] {
                guard let bridge = try? await BridgeUnderTest.start(["demo", "--port", "\(port)"]) else { continue }
                #expect(bridge.port == port)
                #expect(!bridge.preamble.contains { $0.contains(":\(port)") }, "\(bridge.preamble)")
                #expect(try await Curl(bridge.url("/scores/premier")).status == 200)
                try await bridge.stop()
            }
            let run = try await Run(Places.program, ["demo", "--port", "7007", "--echo-port", "7007"])
            #expect(run.ending == .exited(64))
            #expect(run.errors.contains("--port and --echo-port are both 7007"), "\(run.errors)")
        }
    }

    @Test("the legacy API counts one request an interval with 50 clients")
    func counter() async throws {
        try await within(Turnstile.bridges) {
            let bridge = try await BridgeUnderTest.start([
                "demo", "--port", "0", "--legacy-port", "0", "--echo-port", "0", "--chat-port", "0",
            ])
            let legacy = try #require(bridge.preamble[0].firstMatch(of: /legacy API: (http:\/\/127\.0\.0\.1:\d+)\//)?.1)
            let clients = try ChildProcess(
                try Places.python(),
                [Places.scripts.appending(path: "crowd.py").path(), bridge.webSocketURL("/scores/premier"), "50"]
            )
            #expect(try await clients.line(within: .seconds(60)) == "50 connected")
            func requests() async throws -> Double {
                try #require(
                    try await Curl("\(legacy)/legacy/stats").json()["byPath"]?["/legacy/scores?league=premier"]?[
                        "requests"
                    ]?
                    .double
                )
            }
            let (start, before) = (ContinuousClock.now, try await requests())
            try await eventually("five more requests") { try await requests() >= before + 5 }
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            #expect(try await requests() - before <= seconds + 2)
            clients.signal(SIGKILL)
            try await bridge.stop()
        }
    }
}
