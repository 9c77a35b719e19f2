import Foundation
import Testing

@Suite("The admin listener")
struct AdminTests {
    private let settings = #""admin": { "host": "127.0.0.1", "port": 0 },"#

    private func metric(_ name: String, _ admin: String) async throws -> String? {
        try await Curl(admin + "/metrics").text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
            .map { String($0.dropFirst(name.count + 1)) }
    }

    @Test("health and readiness are answered, and nothing of it on the public port")
    func health() async throws {
        let upstream = try await LegacyUpstream(.json("[1]"))
        try await withBridge(pollRoute(upstream), settings: settings) { bridge in
            let admin = try await bridge.admin()
            #expect(try await Curl(admin + "/healthz").status == 200)
            #expect(try await Curl(admin + "/readyz").status == 200)
            #expect(try await Curl(admin + "/nothing").status == 404)
            let dashboard = try await Curl(admin + "/")
            #expect(dashboard.status == 200 && dashboard["Content-Type"] == "text/html; charset=utf-8")
            #expect(dashboard.text.contains("pushbridge"))
            for path in ["/healthz", "/metrics", "/topics", "/connections"] {
                #expect(try await Curl(bridge.url(path)).status == 404)
            }
        }
    }

    @Test("metrics, topics and connections say what is going on")
    func observation() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"n":1}"#))
        try await withBridge(pollRoute(upstream, interval: "60s"), settings: settings) { bridge in
            let admin = try await bridge.admin()
            let client = try await bridge.version1("/scores/premier")
            let version = try await client.json()["id"]
            let route = #"route="/scores/{league}""#
            #expect(try await metric("pushbridge_subscribers{\(route)}", admin) == "1")
            #expect(try await metric("pushbridge_topics{\(route)}", admin) == "1")
            #expect(try await metric(#"pushbridge_polls_total{\#(route),result="changed"}"#, admin) == "1")
            #expect(try await metric(#"pushbridge_deliveries_total{\#(route),kind="snapshot"}"#, admin) == "1")
            #expect(
                try await metric(#"pushbridge_connections{\#(route),transport="pushbridge.v1"}"#, admin) == "1"
            )
            #expect(try await metric("pushbridge_poll_duration_seconds_count", admin) == "1")

            let topics = try await Curl(admin + "/topics").json()
            #expect(topics[0]?["topic"] == "/scores/premier")
            #expect(topics[0]?["version"] == version)
            #expect(topics[0]?["state"] == "live")
            let connections = try await Curl(admin + "/connections").json()
            #expect(connections[0]?["transport"] == "pushbridge.v1")
            #expect(connections[0]?["address"] == "127.0.0.1")
        }
    }

    @Test("polls are counted by what came of them, and what two subscribers saved is told")
    func pollResults() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"n":1}"#, etag: "\"one\""))
        try await withBridge(pollRoute(upstream, interval: "60s"), settings: settings) { bridge in
            let admin = try await bridge.admin()
            let clients = [try await bridge.version1("/scores/a"), try await bridge.version1("/scores/a")]
            for client in clients { _ = try await client.json() }
            let saved = try await Curl(admin + "/topics").json()[0]?["bytesSaved"]
            func poke(_ result: String, count: String) async throws {
                #expect(try await Curl(admin + "/poke?topic=/scores/a", "-X", "POST").status == 202)
                let name = #"pushbridge_polls_total{route="/scores/{league}",result="\#(result)"}"#
                try await eventually("\(count) \(result)") { try await metric(name, admin) == count }
                try await eventually("\(result) as the newest") {
                    try await Curl(admin + "/topics").json()[0]?["lastResult"] == .string(result)
                }
            }
            try await poke("not_modified", count: "1")
            #expect(try await Curl(admin + "/topics").json()[0]?["bytesSaved"] == saved)
            upstream.answer(.json(#"{ "n": 1 }"#))
            try await poke("unchanged", count: "1")
            upstream.answer(.json(#"{"n":2}"#))
            try await poke("changed", count: "2")
            #expect(try await Curl(admin + "/topics").json()[0]?["bytesSaved"] != saved)
            upstream.answer(.failure(500))
            try await poke("error", count: "1")
            try await eventually("staleness") { try await Curl(admin + "/topics").json()[0]?["state"] == "stale" }
        }
    }

    @Test("a topic whose name has escapes is poked by that name, encoded once more for the query")
    func pokeWithEscapes() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"n":1}"#))
        try await withBridge(pollRoute(upstream, interval: "60s", #""query": ["q"]"#), settings: settings) { bridge in
            let admin = try await bridge.admin()
            #expect(try await Curl(bridge.url("/scores/a?q=x%20%26y")).status == 200)
            #expect(try await Curl(admin + "/topics").json()[0]?["topic"] == "/scores/a?q=x%20%26y")
            let poke = admin + "/poke?topic=%2Fscores%2Fa%3Fq%3Dx%2520%2526y"
            #expect(try await Curl(poke, "-X", "POST").status == 202)
        }
    }

    @Test("a poke has the topic polled at once, and one that nobody listens to is 404")
    func poke() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"n":1}"#))
        try await withBridge(pollRoute(upstream, interval: "60s"), settings: settings) { bridge in
            let admin = try await bridge.admin()
            let client = try await bridge.webSocket("/scores/premier")
            #expect(try await client.text() == #"{"n":1}"#)
            upstream.answer(.json(#"{"n":2}"#))
            #expect(try await Curl(admin + "/poke?topic=/scores/premier", "-X", "POST").status == 202)
            #expect(try await client.text() == #"{"n":2}"#)
            #expect(try await Curl(admin + "/poke?topic=/scores/other", "-X", "POST").status == 404)
            #expect(try await Curl(admin + "/poke", "-X", "POST").status == 400)
        }
    }

    @Test("pages of other sites cannot have a browser poke, reload or watch, under no name that leads here")
    func crossSite() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        try await withBridge(pollRoute(upstream, interval: "60s"), settings: settings) { bridge in
            let admin = try await bridge.admin()
            let port = try #require(admin.split(separator: ":").last)
            #expect(try await Curl(bridge.url("/scores/a")).status == 200)
            func status(_ path: String, _ headers: String...) async throws -> Int {
                try await Curl(admin + path, arguments: ["-X", "POST"] + headers.flatMap { ["-H", $0] }).status
            }
            for path in ["/poke?topic=/scores/a", "/reload"] {
                #expect(try await status(path, "Origin: https://evil.example") == 403)
                #expect(try await status(path, "Origin: null") == 403)
                #expect(try await status(path, "Origin: http://127.0.0.1") == 403)
                // A name of the page's own that leads here.
                #expect(try await status(path, "Origin: http://evil.example:9", "Host: evil.example:9") == 403)
                #expect(try await Curl(admin + path, "-H", "Origin: https://evil.example", "-d", "x").status == 403)
            }
            let page = try await RawConnection.open(port: try #require(Int(port)))
            try await page.send(
                RawFrame.handshake("/live", host: "evil.example:9", "Origin: http://evil.example:9")
            )
            try await page.wait(for: "403 Forbidden")
            #expect(upstream.requests.count == 1)
            for host in ["127.0.0.1:\(port)", "localhost:\(port)"] {
                #expect(
                    try await status(
                        "/poke?topic=/scores/a",
                        "Origin: http://\(host)",
                        "Host: \(host)"
                    ) == 202
                )
            }
            #expect(try await status("/poke?topic=/scores/a") == 202)
        }
    }

    @Test("without rules of its own it answers to no name that a stranger could have pointed here")
    func rebinding() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        try await withBridge(pollRoute(upstream, interval: "60s"), settings: settings) { bridge in
            let admin = try await bridge.admin()
            let port = try #require(admin.split(separator: ":").last)
            for path in ["/", "/topics", "/connections", "/metrics", "/stats", "/live", "/healthz", "/pushbridge.js"] {
                // A page that was loaded by this name: same origin, so a GET carries no Origin.
                let answer = try await Curl(admin + path, "-H", "Host: evil.example:\(port)")
                #expect(answer.status == 403, "\(path)")
                #expect(answer["Content-Type"] == "application/problem+json")
                #expect(answer.text.contains("by its address or as localhost, or set admin.access"))
                for host in ["127.0.0.1:\(port)", "localhost:\(port)", "bridge:\(port)", "bridge.internal"] {
                    #expect(try await Curl(admin + path, "-H", "Host: \(host)").status == 200, "\(path) of \(host)")
                }
            }
            for path in ["/poke?topic=/scores/a", "/reload"] {
                #expect(try await Curl(admin + path, "-X", "POST", "-H", "Host: evil.example").status == 403)
            }
            let client = try await RawConnection.open(port: try #require(Int(port)))
            try await client.send(RawFrame.handshake("/live", host: "evil.example"))
            try await client.wait(for: "403 Forbidden")
            // What is public is reached by whatever name it has.
            #expect(try await Curl(bridge.url("/scores/a"), "-H", "Host: scores.example").status == 200)
        }
    }
}
