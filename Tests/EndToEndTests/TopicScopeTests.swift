import Foundation
import Testing

@Suite("A pushbridge.v1 connection to one topic")
struct TopicScopeTests {
    /// Documents by `id`, of which a server says who may see them.
    private func route(_ upstream: LegacyUpstream, _ judge: LegacyUpstream) -> String {
        """
        { "path": "/doc",
          "poll": { "url": "\(upstream.url("/legacy"))", "interval": "100ms", "query": ["id"],
                    "send": { "url": "\(upstream.url("/post"))" } },
          "access": { "request": { "url": "\(judge.url("/check"))" } } }
        """
    }

    @Test("has that one alone: what its own rules let in opens no other document of the route")
    func otherDocuments() async throws {
        let upstream = try await LegacyUpstream { .json(#"{"uri":"\#($0.uri)"}"#) }
        let judge = try await LegacyUpstream { request in
            let isAllowed = request.headers.first(name: "X-Original-URI") == "/doc?id=1"
            return .init(status: isAllowed ? 204 : 403, contentType: nil)
        }
        try await withBridge(route(upstream, judge)) { bridge async throws in
            let client = try await bridge.version1("/doc?id=1")
            #expect(try await client.json()["data"] == ["uri": "/legacy?id=1"])
            for type in [#""subscribe""#, #""send","data":1"#, #""unsubscribe""#] {
                for topic in ["/doc?id=2", "/doc"] {
                    try client.send(#"{"type":\#(type),"topic":"\#(topic)","ref":"\#(topic)"}"#)
                    let refusal = try await client.json()
                    #expect(refusal["type"] == "error")
                    #expect(refusal["code"] == (type == #""unsubscribe""# ? 404 : 403), "\(type) \(topic)")
                    #expect(refusal["ref"] == .string(topic))
                }
            }
            // Its own may be named in any spelling.
            try client.send(#"{"type":"send","topic":"/doc?x=y&id=%31","data":7,"ref":"own"}"#)
            let sent = try await client.json()
            #expect(sent["type"] == "sent" && sent["ref"] == "own")
            #expect(upstream.requests.allSatisfy { $0.uri.hasSuffix("?id=1") })
            #expect(upstream.requests.filter { $0.method == "POST" }.map(\.body) == ["7"])
            #expect(judge.requests.map { $0.headers.first(name: "X-Original-URI") } == ["/doc?id=1"])
        }
    }

    @Test("takes no topic that could forge a line of the log, and none of any length")
    func hostileTopics() async throws {
        let judge = try await LegacyUpstream(.failure(403))
        let routes =
            #"{ "path": "/rooms/{room}", "channel": {}, "access": { "request": { "url": "\#(judge.url("/"))" } } }, "#
            + #"{ "path": "/connect", "multiplex": {}, "access": {} }"#
        try await withBridge(routes, settings: #""logLevel": "trace","#) { bridge async throws in
            let client = try await bridge.version1("/connect")
            for character in [#"\n"#, #"\r"#, #"\u0000"#, #"\u001b"#, #"\u007f"#, #"\u0085"#, #"\u2028"#] {
                try client.send(#"{"type":"subscribe","topic":"/rooms/a\#(character)forged","ref":1}"#)
                #expect(try await client.json()["code"] == 400, "\(character)")
            }
            for type in [#""subscribe""#, #""unsubscribe""#, #""send","data":1"#] {
                let topic = "/rooms/" + String(repeating: "a", count: 3000)
                try client.send(#"{"type":\#(type),"topic":"\#(topic)","ref":2}"#)
                let refusal = try await client.json()
                #expect(refusal["code"] == 400 && refusal["ref"] == 2)
            }
            #expect(judge.requests.isEmpty)
            #expect(!bridge.process.errors.split(separator: "\n").contains { $0.hasPrefix("forged") })
        }
    }

    @Test("nor has a document a name of any length, whatever asks for it")
    func longQueries() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        let judge = try await LegacyUpstream(.init(status: 204, contentType: nil))
        try await withBridge(route(upstream, judge)) { bridge async throws in
            let long = String(repeating: "a", count: 3000)
            #expect(try await Curl(bridge.url("/doc?id=\(long)")).status == 414)
            #expect(try await Curl(bridge.url("/doc?other=\(long)")).status == 200)
            let refusal = await #expect(throws: WebSocketClient.Refused.self) {
                _ = try await bridge.webSocket("/doc?id=\(long)")
            }
            #expect(refusal?.status == 414)
            #expect(!upstream.requests.contains { $0.uri.contains(long) })
        }
    }
}
