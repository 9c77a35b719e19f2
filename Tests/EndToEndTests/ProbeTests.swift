import Foundation
import Testing

@Suite("pushbridge probe")
struct ProbeTests {
    /// What `--json` prints, as far as these tests look.
    private struct Findings: Decodable {
        let answers: Int
        let conditionalStatus: Int?
        let changed: Int
        let volatile: [String]
        let keys: [String: String]
        let polledBytes: Int
        let pushedBytes: Int
    }

    private func probe(_ upstream: LegacyUpstream, _ arguments: String...) async throws -> Run {
        try await Run(Places.program, ["probe", upstream.url("/legacy/feed"), "--interval", "20ms"] + arguments)
    }

    /// The route that was suggested must be one that the bridge takes, and that delivers.
    private func serve(_ route: String) async throws {
        try await withBridge(route) { bridge in
            let answer = try await Curl(bridge.url("/feed"))
            #expect(answer.status == 200)
        }
    }

    private func route(in run: Run) throws -> String {
        let findings = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
        let route = try #require(findings?["route"])
        return String(decoding: try JSONSerialization.data(withJSONObject: route), as: UTF8.self)
    }

    @Test("validators, volatile members and keyed arrays are found, and the suggested route works")
    func findings() async throws {
        let upstream = try await LegacyUpstream(.json("{}"))
        upstream.answer { [weak upstream] request in
            if request.headers.contains(name: "If-None-Match") { return .failure(304) }
            let number = (upstream?.requests.count ?? 0) + 1_700_000_000
            return .json(
                #"{"now":\#(number),"games":[{"id":"a","goals":0},{"id":"b","goals":\#(number / 2)}],"pad":"\#(String(repeating: "x", count: 300))"}"#,
                etag: #""1""#
            )
        }
        let run = try await probe(upstream, "--count", "5", "--json")
        #expect(run.ending == .exited(0), "\(run.errors)")
        let found = try JSONDecoder().decode(Findings.self, from: Data(run.output.utf8))
        #expect(found.answers == 5)
        #expect(found.conditionalStatus == 304)
        #expect(found.volatile == ["/now"])
        #expect(found.keys == ["/games": "id"])
        #expect((1...4).contains(found.changed))
        #expect(found.pushedBytes < found.polledBytes / 2)
        try await serve(route(in: run))
    }

    @Test("the demo's legacy API: its time is volatile, its matches are keyed, and the route pushes what they do")
    func demo() async throws {
        try await within(Turnstile.bridges) {
            let demo = try await BridgeUnderTest.start([
                "demo", "--port", "0", "--legacy-port", "0", "--echo-port", "0", "--chat-port", "0",
            ])
            let legacy = try #require(demo.preamble[0].firstMatch(of: /http:\/\/\S+/)?.0)
            let run = try await Run(
                Places.program,
                ["probe", String(legacy), "--interval", "500ms", "--count", "8", "--json"]
            )
            #expect(run.ending == .exited(0), "\(run.errors)")
            let found = try JSONDecoder().decode(Findings.self, from: Data(run.output.utf8))
            #expect(found.volatile == ["/generatedAt"])
            #expect(found.keys["/matches"] == "id")
            #expect(found.conditionalStatus == 304 || found.conditionalStatus == 200)

            let bridge = try await BridgeUnderTest.serve(try route(in: run))
            let path = try #require(try JSON(try route(in: run))["path"]?.text)
            let client = try await bridge.version1(path + "?mode=events")
            #expect(try await client.json()["data"]?["league"] == "premier")
            let event = try await client.json(within: .seconds(60))
            #expect(event["type"] == "event" && event["change"] == "changed" && event["collection"] == "/matches")
            #expect(event["value"]?["id"] == event["key"])
            try await bridge.stop()
            try await demo.stop()
        }
    }

    @Test("on a terminal it says how far it is, in a pipe it does not")
    func progress() async throws {
        let upstream = try await LegacyUpstream(.json("{}"))
        let process = try ChildProcess.onTerminal([
            "probe", upstream.url("/legacy/feed"), "--interval", "20ms", "--count", "3",
        ])
        #expect(try await process.end() == .exited(0))
        let output = String(decoding: process.output, as: UTF8.self)
        #expect(output.contains("\r1 of 3 \r2 of 3 \r3 of 3 \r\u{1B}[Kanswers        3, 0 failed"), "\(output)")
        let piped = try await probe(upstream, "--count", "3")
        #expect(piped.errors.isEmpty && !piped.output.contains("\u{1B}"))
    }

    @Test(
        "the recorded feeds' volatile members and keys are found, and their routes work",
        .enabled(
            if: FileManager.default.fileExists(atPath: Places.feeds.path()),
            "the recordings in ../shared/feeds are not here"
        ),
        arguments: [("apifootball-live", ["/updatedAt"], "/fixtures"), ("enduro-live", [], "/riders")]
    )
    func recordings(feed: String, volatile: [String], keyed: String) async throws {
        let folder = Places.feeds.appending(path: feed)
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "json" }.sorted { $0.path() < $1.path() }.prefix(8)
        let documents = try files.map { try String(contentsOf: $0, encoding: .utf8) }
        try #require(documents.count == 8)
        let upstream = try await LegacyUpstream(.json("{}"))
        upstream.answer { [weak upstream] _ in
            .json(documents[min(max(0, (upstream?.requests.count ?? 1) - 1), documents.count - 1)])
        }
        let run = try await probe(upstream, "--count", "8", "--json")
        #expect(run.ending == .exited(0), "\(run.errors)")
        let found = try JSONDecoder().decode(Findings.self, from: Data(run.output.utf8))
        #expect(found.volatile == volatile)
        #expect(found.keys[keyed] == "id")
        upstream.answer(.json(documents[0]))
        try await withBridge(try route(in: run)) { bridge in
            let client = try await bridge.version1("/feed")
            let first = try await client.json()
            #expect(first["type"] == "snapshot")
            upstream.answer(.json(documents[7]))
            // Where nearly all of it is new, that is the whole document.
            let second = try await client.json()
            #expect(second["type"] == "patch" && second["from"] == first["id"] || second["type"] == "snapshot")
            #expect(second["id"] != first["id"])
        }
    }

    @Test("for people it ends with the route; what is no JSON has one too")
    func text() async throws {
        let upstream = try await LegacyUpstream(.text("hello"))
        let run = try await probe(upstream, "--count", "2")
        #expect(run.ending == .exited(0), "\(run.errors)")
        #expect(run.output.contains("validators"))
        let route = try #require(run.output.range(of: "\n{").map { String(run.output[$0.lowerBound...]) })
        try await serve(route)
    }

    @Test("an endpoint that fails, and wrong options, end with a sentence")
    func refusals() async throws {
        let upstream = try await LegacyUpstream(.failure(500))
        let failing = try await probe(upstream, "--count", "2")
        #expect(failing.ending == .exited(69))
        #expect(failing.errors.contains("it answered 500"))
        for wrong in [["--count", "1"], ["--interval", "soon"], ["--header", "x"]] {
            let run = try await Run(Places.program, ["probe", "http://127.0.0.1:1/"] + wrong)
            #expect(run.ending == .exited(64))
        }
        let none = [
            "file:///etc/passwd", "http://", "http://h/a b", "http:///a", "http://h:99999/", "h/a", "http://h/#a", "",
        ]
        for url in none {
            let run = try await Run(Places.program, ["probe", url])
            #expect(run.ending == .exited(64), "\(url): \(run.errors)")
        }
        upstream.answer(.json("1"))
        let upperCase = "HTTP" + upstream.url("/feed?x={y}").dropFirst(4)
        let run = try await Run(Places.program, ["probe", upperCase, "--count", "2", "--interval", "10ms"])
        #expect(run.ending == .exited(0), "\(run.errors)")
        try await serve(try #require(run.output.range(of: "\n{").map { String(run.output[$0.lowerBound...]) }))
    }
}
