import Foundation
import Synchronization
import Testing

@Suite("pushbridge bench")
struct BenchTests {
    /// What `--json` prints, as far as the tests look at it.
    private struct Report: Decodable {
        struct Connections: Decodable {
            let asked, opened, failed, lost: Int
            let reasons: [String: Int]
        }
        struct Messages: Decodable {
            let received, sent, bytes: Int
        }
        struct Times: Decodable {
            let count: Int
            let p50, p99, max: Double
        }
        struct Side: Decodable {
            let isBottleneck: Bool
            let cores: Double
        }
        let kind: String
        let seconds: Double
        let connections: Connections
        let messages: Messages
        let handshake, latency, spread: Times?
        let loadSide: Side
        let warnings: [String]
    }

    private final class Counter: Sendable {
        private let value = Mutex(0)

        func next() -> Int {
            value.withLock { value in
                value += 1
                return value
            }
        }
    }

    private func bench(_ arguments: String...) async throws -> (report: Report, errors: String) {
        let run = try await Run(Places.program, ["bench"] + arguments + ["--json"])
        #expect(run.ending == .exited(0), "\(run.errors)")
        return (try JSONDecoder().decode(Report.self, from: Data(run.output.utf8)), run.errors)
    }

    @Test("fanout --rate sends to a channel, and measures from sending to receiving")
    func channel() async throws {
        try await withBridge(#"{ "path": "/rooms/{room}", "channel": {} }"#) { bridge in
            let url = bridge.webSocketURL("/rooms/a")
            let (report, errors) = try await bench(
                "fanout",
                url,
                "--connections",
                "20",
                "--rate",
                "50",
                "--duration",
                "2s",
                "--size",
                "1KiB"
            )
            #expect(report.kind == "fanout")
            #expect(report.connections.opened == 20 && report.connections.failed == 0 && report.connections.lost == 0)
            #expect(report.messages.sent > 0)
            #expect(report.messages.received > 0 && report.messages.received <= 20 * (report.messages.sent + 5))
            #expect(report.messages.bytes == report.messages.received * 1024)
            let latency = try #require(report.latency)
            #expect(latency.count == report.messages.received)
            #expect(latency.p50 > 0 && latency.p50 <= latency.p99 && latency.p99 <= latency.max)
            #expect(report.handshake?.count == 20)
            #expect(report.spread?.count == report.messages.received)
            #expect(errors.contains(" open, "), "progress is told while it runs: \(errors)")
        }
    }

    @Test("fanout counts what a poll route pushes")
    func polled() async throws {
        let upstream = try await LegacyUpstream { _ in .json(#"{"a":\#(Int.random(in: 0...1_000_000_000))}"#) }
        try await withBridge(pollRoute(upstream)) { bridge in
            let (report, _) = try await bench(
                "fanout",
                bridge.url("/scores/a"),
                "--connections",
                "3",
                "--duration",
                "3s",
                "--quiet"
            )
            #expect(report.messages.received > 0 && report.messages.sent == 0)
            #expect(report.spread?.count == report.messages.received)
            #expect(report.latency == nil)
        }
    }

    @Test("it says when nothing came")
    func silence() async throws {
        try await withBridge(#"{ "path": "/rooms/{room}", "channel": {} }"#) { bridge in
            let (report, errors) = try await bench(
                "fanout",
                bridge.webSocketURL("/rooms/a"),
                "--connections",
                "3",
                "--duration",
                "300ms",
                "--quiet"
            )
            #expect(report.messages.received == 0)
            #expect(report.warnings.contains { $0.hasPrefix("nothing came") })
            #expect(errors.isEmpty)
        }
    }

    @Test("tunnel sends, and measures until all of it is back", arguments: [["--in-flight", "4"], ["--rate", "50"]])
    func tunnel(mode: [String]) async throws {
        let backend = try await TCPBackend(.echo)
        try await withBridge(tunnelRoute(backend)) { bridge in
            let arguments = ["bench", "tunnel", bridge.webSocketURL("/tunnel"), "--connections", "5"]
            let more = ["--duration", "1s", "--size", "64KiB", "--json"]
            let run = try await Run(Places.program, arguments + more + mode)
            #expect(run.ending == .exited(0), "\(run.errors)")
            let report = try JSONDecoder().decode(Report.self, from: Data(run.output.utf8))
            #expect(report.kind == "tunnel" && report.connections.opened == 5)
            #expect(report.messages.received > 0)
            #expect(report.latency?.count == report.messages.received)
            // Parts of messages that came before or behind the window.
            #expect(abs(report.messages.bytes - report.messages.received * 65536) <= 5 * 65536)
        }
    }

    @Test("a service that does not echo is told apart, and ends with 69")
    func noEcho() async throws {
        try await withBridge(#"{ "path": "/rooms/{room}", "channel": { "echo": false, "history": 5 } }"#) { bridge in
            // Two members of a room get each other's messages, which is no echo.
            let run = try await Run(
                Places.program,
                ["bench", "tunnel", bridge.webSocketURL("/rooms/a"), "--connections", "2", "--duration", "30s"]
            )
            #expect(run.ending == .exited(69))
            #expect(run.errors.contains("does not echo"), "\(run.errors)")
        }
    }

    @Test("the JSON has the members that docs/bench.md lists, and no other")
    func members() async throws {
        let page = try String(contentsOf: Places.package.appending(path: "docs/bench.md"), encoding: .utf8)
        let listed = Set(page.matches(of: /\n\| `([A-Za-z0-9.]+)` \|/).map { String($0.1) })
        let backend = try await TCPBackend(.echo)
        try await withBridge(#"\#(tunnelRoute(backend)), { "path": "/rooms/{room}", "channel": {} }"#) { bridge in
            var found: Set<String> = []
            for arguments in [
                ["fanout", bridge.webSocketURL("/rooms/a"), "--rate", "50"],
                ["tunnel", bridge.webSocketURL("/tunnel")],
            ] {
                let run = try await Run(
                    Places.program,
                    ["bench"] + arguments + ["--connections", "2", "--duration", "1s", "--json"]
                )
                #expect(run.ending == .exited(0), "\(run.errors)")
                let report = try #require(
                    try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
                )
                for (name, value) in report {
                    // All times are alike, and reasons have names of their own.
                    let isTimes = ["handshake", "latency", "spread"].contains(name)
                    guard let members = value as? [String: Any] else {
                        found.insert(name)
                        continue
                    }
                    if isTimes { found.insert(name) }
                    for member in members.keys { found.insert("\(isTimes ? "times" : name).\(member)") }
                }
            }
            #expect(found == listed)
        }
    }

    @Test("the table has percentiles, and what failed")
    func table() async throws {
        try await withBridge(
            #"{ "path": "/rooms/{room}", "channel": {} }"#,
            settings: #""limits": { "connections": 3 },"#
        ) { bridge in
            let run = try await Run(
                Places.program,
                ["bench", "fanout", bridge.webSocketURL("/rooms/a"), "--connections", "6", "--duration", "200ms"]
            )
            #expect(run.ending == .exited(0), "\(run.errors)")
            for words in ["p99.9", "handshake", "of 6 opened", "503 instead of 101", "load side"] {
                #expect(run.output.contains(words), "\(words) is missing in \(run.output)")
            }
        }
    }

    @Test("an interrupt ends the measuring, and the result is printed")
    func interrupted() async throws {
        try await withBridge(#"{ "path": "/rooms/{room}", "channel": {} }"#) { bridge in
            let process = try ChildProcess(
                Places.program,
                [
                    "bench", "fanout", bridge.webSocketURL("/rooms/a"), "--connections", "2", "--duration", "1h",
                    "--json",
                ]
            )
            try await eventually("progress", holds: { process.errors.contains("1 s: ") })
            process.signal(SIGINT)
            let line = try #require(try await process.line())
            let report = try JSONDecoder().decode(Report.self, from: Data(line.utf8))
            #expect(report.seconds < 3000)
            #expect(try await process.end() == .exited(0))
        }
    }

    @Test("an interrupt while a server does not answer the first handshake ends it at once, with 69")
    func interruptedHandshake() async throws {
        let silent = try await TCPBackend(.neverRead)
        let process = try ChildProcess(
            Places.program,
            ["bench", "fanout", "http" + silent.address.dropFirst(3), "--connections", "2", "--duration", "1h"]
        )
        _ = try await silent.first("a connection") { _ in true }
        process.signal(SIGINT)
        #expect(try await process.end() == .exited(69))
        #expect(process.errors.contains("interrupted before a connection was open"), "\(process.errors)")
        #expect(process.output.isEmpty)
    }

    @Test("an interrupt while connections are being opened prints what there is, and counts none of them as failed")
    func interruptedOpening() async throws {
        // Who lets two in and never answers about the others.
        let asked = Counter()
        let judge = try await LegacyUpstream { _ in
            asked.next() <= 2 ? .init(status: 204, contentType: nil) : .silent
        }
        let access = #""access": { "request": { "url": "\#(judge.url("/"))", "cache": "0s", "timeout": "60s" } },"#
        try await withBridge(#"{ "path": "/rooms/{room}", "channel": {} }"#, settings: access) { bridge in
            let process = try ChildProcess(
                Places.program,
                [
                    "bench", "fanout", bridge.webSocketURL("/rooms/a"), "--connections", "5", "--duration", "1h",
                    "--json",
                ]
            )
            try await eventually("all handshakes to be under way") { judge.requests.count == 5 }
            process.signal(SIGINT)
            let line = try #require(try await process.line(), "\(process.errors)")
            let report = try JSONDecoder().decode(Report.self, from: Data(line.utf8))
            // The second one that is let in may still be on its way.
            #expect(report.connections.asked == 5 && (1...2).contains(report.connections.opened))
            #expect(
                report.connections.failed == 0 && report.connections.reasons.isEmpty,
                "\(report.connections.reasons)"
            )
            #expect(try await process.end() == .exited(0))
        }
    }

    @Test(
        "what cannot be loaded ends with a sentence",
        arguments: [
            (["fanout", "http://127.0.0.1:1/a"], 69, "cannot connect to 127.0.0.1:1"),
            (["tunnel", "ftp://127.0.0.1/a"], 64, "it begins with ws:// or wss://"),
            (["fanout", "127.0.0.1"], 64, "a URL such as ws://127.0.0.1:8080/path is expected"),
            (["fanout", "ws://127.0.0.1:1/a", "--connections", "0"], 64, "--connections is from 1 to 60000"),
            (["fanout", "ws://127.0.0.1:1/a", "--duration", "2"], 64, "is not a duration"),
            (["fanout", "ws://127.0.0.1:1/a", "--rate", "0"], 64, "--rate is from 0.001 to 100000"),
            (["fanout", "ws://127.0.0.1:1/a", "--rate", "0.0000000001"], 64, "--rate is from 0.001 to 100000"),
            (["tunnel", "ws://127.0.0.1:1/a", "--rate", "1e-300"], 64, "--rate is from 0.001 to 10000"),
            (["tunnel", "ws://127.0.0.1:1/a", "--rate", "nan"], 64, "--rate is from 0.001 to 10000"),
            (["tunnel", "ws://127.0.0.1:1/a", "--size", "64"], 64, "is not a size"),
            (["tunnel", "ws://127.0.0.1:1/a", "--in-flight", "0"], 64, "--in-flight is from 1 to 1024"),
            (["ws://127.0.0.1:1/a"], 64, ""),
        ] as [([String], Int32, String)]
    )
    func refusals(arguments: [String], code: Int32, words: String) async throws {
        let run = try await Run(Places.program, ["bench"] + arguments)
        #expect(run.ending == .exited(code))
        #expect(words.isEmpty || run.errors.contains(words), "\(run.errors)")
    }

    @Test("a path that is no WebSocket, and one that refuses, are told with their status")
    func refused() async throws {
        try await withBridge(#"{ "path": "/rooms/{room}", "channel": {} }"#) { bridge in
            let run = try await Run(Places.program, ["bench", "fanout", bridge.url("/none")])
            #expect(run.ending == .exited(69))
            #expect(run.errors.contains("the server answered 404 instead of 101"))
        }
        // A server that answers every GET with 200 and a document.
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        let run = try await Run(Places.program, ["bench", "fanout", upstream.url("/any")])
        #expect(run.ending == .exited(69))
        #expect(run.errors.contains("the server answered 200 instead of 101"), "\(run.errors)")
    }
}
