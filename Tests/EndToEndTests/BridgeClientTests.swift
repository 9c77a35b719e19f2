import Foundation
import PushbridgeClient
import Synchronization
import Testing

@Suite("PushbridgeClient's BridgeClient")
struct BridgeClientTests {
    private static let multiplex = #", { "path": "/connect", "multiplex": {} }"#

    /// The first update that fits, with a deadline.
    private func first<Value: Sendable>(
        of subscription: BridgeSubscription,
        _ what: String,
        where pick: @escaping @Sendable (BridgeUpdate) -> Value?
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                for await update in subscription {
                    if let value = pick(update) { return value }
                }
                return nil
            }
            group.addTask {
                try await Task.sleep(for: patience)
                throw TimedOut(
                    what: what,
                    limit: patience,
                    seen: "\(subscription.status), \(String(describing: subscription.document))"
                )
            }
            let value = try await group.next() ?? nil
            group.cancelAll()
            return try #require(value, "the updates ended before \(what)")
        }
    }

    private func goals(_ update: BridgeUpdate) -> Int? {
        guard case .document(let document, _) = update else { return nil }
        return try? document.decode([String: JSON].self)["goals"]?.double.map { Int($0) }
    }

    @Test("it gives the document, then each version, patched", arguments: BridgeSubscriptionOptions.Mode.allCases)
    func modes(mode: BridgeSubscriptionOptions.Mode) async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 1)))
        let keys = #""keys": { "/players": "id" }"#
        try await withBridge(pollRoute(upstream, keys) + Self.multiplex) { bridge in
            let client = BridgeClient(bridge.webSocketURL("/connect"))
            let scores = try await client.subscribe("/scores/a", options: .init(mode: mode))
            let version = try await first(of: scores, "the document") { update -> String? in
                if case .document(let document, patch: nil) = update { document.version } else { nil }
            }
            #expect(version == versionID(of: scoreboard(goals: 1)))
            #expect(scores.document?.content == .json(Data(scoreboard(goals: 1).utf8)))
            let next = scoreboard(goals: 2).replacing("player number 7\"", with: "player number seven\"")
            async let update = first(of: scores, "the change") { [goals] update -> BridgeUpdate? in
                switch update {
                case .event: update
                case .document: goals(update) == 2 ? update : nil
                default: nil
                }
            }
            upstream.answer(.json(next))
            switch (mode, try await update) {
            case (.events, .event(let event)):
                #expect(
                    event.change == .changed && event.collection == "/players" && event.key == .json(Data("7".utf8))
                )
                #expect(try event.value?.decode([String: JSON].self)["name"] == "player number seven")
                #expect(try event.was?.decode([String: JSON].self)["name"] == "player number 7")
            case (.snapshot, .document(let document, let patch)):
                #expect(document.version == versionID(of: next) && patch == nil)
            case (.patch, .document(let document, let patch?)), (.merge, .document(let document, let patch?)):
                #expect(document.version == versionID(of: next))
                #expect(document.content == .json(Data(next.utf8)))
                #expect(patch.count < next.utf8.count)
            case (_, let other): Issue.record("\(mode): \(other)")
            }
            await client.close()
        }
    }

    @Test("after a cut it connects again, and goes on behind the version that it has")
    func cut() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 1)))
        try await withBridge(pollRoute(upstream) + Self.multiplex) { bridge in
            let relay = try await Relay(to: bridge.port)
            let client = BridgeClient("ws://127.0.0.1:\(relay.port)/connect")
            let scores = try await client.subscribe("/scores/a")
            _ = try await first(of: scores, "the document") { goals($0) }

            relay.refuse(true)
            relay.cut()
            _ = try await first(of: scores, "the loss") { update -> Bool? in
                if case .status(.offline) = update { true } else { nil }
            }
            #expect(scores.document != nil, "the last document stays")
            upstream.answer(.json(scoreboard(goals: 2)))
            // The bridge has seen the new version while nobody was there to take it.
            try await eventually(
                "the new version",
                holds: {
                    try await Curl(bridge.url("/scores/a")).text == scoreboard(goals: 2)
                }
            )
            async let update = first(of: scores, "the change") { [goals] in goals($0) == 2 ? $0 : nil }
            relay.refuse(false)
            guard case .document(let document, let patch) = try await update else { return }
            #expect(document.content == .json(Data(scoreboard(goals: 2).utf8)))
            #expect(patch != nil, "resumed by id: what was missed came as a patch")
            try await eventually("live again", holds: { scores.status == .live })
            #expect(relay.count == 2)
            await client.close()
        }
    }

    @Test("a bridge that was restarted is found again, and nothing that is known is sent again")
    func restart() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 1)))
        let folder = try TemporaryFolder()
        let route = pollRoute(upstream) + Self.multiplex
        func configuration(_ port: Int) -> String {
            #"{ "listen": [{ "port": \#(port) }], "drain": "100ms", "routes": [\#(route)] }"#
        }
        let file = try folder.write("config.json", configuration(0))
        try await within(Turnstile.bridges) {
            let bridge = try await BridgeUnderTest.start(["serve", "--config", file.path()])
            let client = BridgeClient(bridge.webSocketURL("/connect"))
            let scores = try await client.subscribe("/scores/a")
            _ = try await first(of: scores, "the document") { goals($0) }
            let statuses = Task { () -> Int in
                var documents = 0
                for await update in scores {
                    if case .document = update { documents += 1 }
                }
                return documents
            }
            try folder.write("config.json", configuration(bridge.port))
            try await bridge.stop()
            try await eventually("the loss", holds: { if case .offline = scores.status { true } else { false } })
            let second = try await BridgeUnderTest.start(["serve", "--config", file.path()])
            try await eventually("live again", holds: { scores.status == .live })
            await client.close()
            #expect(await statuses.value == 1, "only the one that the reader began with")
            try await second.stop()
        }
    }

    @Test("several topics share a connection, and a refused one does not touch the others")
    func several() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"goals":1}"#))
        let routes = pollRoute(upstream) + #", { "path": "/rooms/{room}", "channel": {} }"# + Self.multiplex
        try await withBridge(routes) { bridge in
            let relay = try await Relay(to: bridge.port)
            let client = BridgeClient("http://127.0.0.1:\(relay.port)/connect")
            let a = try await client.subscribe("/scores/a")
            let b = try await client.subscribe("/scores/b%20b?unknown=1")
            let c = try await client.subscribe("/scores/c")
            let none = try await client.subscribe("/none")
            _ = try await first(of: a, "a") { goals($0) }
            _ = try await first(of: c, "c") { goals($0) }
            let refusal = try await first(of: none, "the refusal") { update -> BridgeStatus? in
                if case .status(.refused) = update { return none.status } else { return nil }
            }
            guard case .refused(code: 404, _) = refusal else { throw WebSocketClient.Unexpected(what: "\(refusal)") }
            try await eventually(
                "the parameter's refusal",
                holds: {
                    if case .refused(code: 404, _) = b.status { true } else { false }
                }
            )
            await #expect(throws: BridgeClientError.alreadySubscribed(topic: "/scores/a")) {
                try await client.subscribe("/scores/a")
            }
            await #expect(throws: BridgeClientError.invalidTopic("scores")) { try await client.subscribe("scores") }
            await a.close()
            #expect(a.status == .closed)
            let again = try await client.subscribe("/scores/a")
            _ = try await first(of: again, "a again") { goals($0) }
            #expect(relay.count == 1)
            await client.close()
            #expect(again.status == .closed)
            await #expect(throws: BridgeClientError.closed) { try await client.subscribe("/scores/a") }
        }
    }

    @Test("send reaches a channel and a legacy endpoint, and tells what they answered")
    func send() async throws {
        let upstream = try await LegacyUpstream { request in
            request.method == "POST" ? .json(#"{"took":\#(request.body)}"#) : .json(#"{"goals":1}"#)
        }
        let send =
            #""send": { "method": "POST", "url": "\#(upstream.url("/say"))", "contentType": "application/json" }"#
        let routes = pollRoute(upstream, send) + #", { "path": "/rooms/{room}", "channel": {} }"# + Self.multiplex
        try await withBridge(routes) { bridge in
            let client = BridgeClient(bridge.webSocketURL("/connect"))
            let other = BridgeClient(bridge.webSocketURL("/connect"))
            let room = try await client.subscribe("/rooms/a")
            let there = try await other.subscribe("/rooms/a")
            // A message that is sent to a room proves that its sender is in.
            #expect(try await there.send("in").status == 202)
            async let heard = first(of: there, "the message") { update -> BridgeContent? in
                if case .message(let content) = update { content } else { nil }
            }
            #expect(try await room.send(["text": "hello"]).status == 202)
            #expect(try await heard == .json(Data(#"{"text":"hello"}"#.utf8)))

            let scores = try await client.subscribe("/scores/a")
            _ = try await first(of: scores, "the document") { goals($0) }
            let answer = try await scores.send([1, 2])
            #expect(answer.status == 200)
            #expect(answer.data == .json(Data(#"{"took":[1,2]}"#.utf8)))
            await #expect(throws: BridgeClientError.self) { try await scores.send(json: Data("{".utf8)) }
            let tables = try await client.subscribe("/scores/b")
            await tables.close()
            await #expect(throws: BridgeClientError.closed) { try await tables.send(1) }
            await client.close()
            await other.close()
        }
    }

    @Test(
        "the endpoint's answer to a message comes, also where it has no document to give",
        arguments: [LegacyUpstream.Answer.failure(500), .silent]
    )
    func sendWithoutDocument(document: LegacyUpstream.Answer) async throws {
        let upstream = try await LegacyUpstream { request in
            guard request.method == "POST" else { return document }
            // Long after the pong.
            return LegacyUpstream.Answer(status: 422, body: Array(#"{"no":true}"#.utf8), delay: .milliseconds(500))
        }
        let send = #""send": { "url": "\#(upstream.url("/say"))" }"#
        let routes = pollRoute(upstream, send) + #", { "path": "/rooms/{room}", "channel": {} }"# + Self.multiplex
        try await withBridge(routes) { bridge in
            let client = BridgeClient(bridge.webSocketURL("/connect"))
            let (scores, room) = (try await client.subscribe("/scores/a"), try await client.subscribe("/rooms/a"))
            async let refused = scores.send(1)
            // At once, although nothing shows that this is a channel.
            #expect(try await room.send("hello").status == 202)
            #expect(try await room.send("again").status == 202)
            let answer = try await refused
            #expect(answer.status == 422)
            #expect(answer.data == .json(Data(#"{"no":true}"#.utf8)))
            await client.close()
        }
    }

    @Test("what is sent while there is no connection waits for one")
    func sendWaits() async throws {
        try await withBridge(#"{ "path": "/rooms/{room}", "channel": {} }"# + Self.multiplex) { bridge in
            let relay = try await Relay(to: bridge.port)
            relay.refuse(true)
            let client = BridgeClient("ws://127.0.0.1:\(relay.port)/connect")
            let room = try await client.subscribe("/rooms/a")
            async let answer = room.send("hello")
            try await eventually(
                "a failed attempt",
                holds: {
                    if case .offline = room.status { true } else { false }
                }
            )
            relay.refuse(false)
            #expect(try await answer.status == 202)
            await client.close()
        }
    }

    @Test("the token is asked at each connect, and told when it may have been refused")
    func token() async throws {
        // Refuses the first token, as a proxy in front would.
        let asked = Mutex<[Bool]>([])
        let seen = Mutex<[String]>([])
        let upstream = try await LegacyUpstream { request in
            seen.withLock { $0.append(request.headers.first(name: "Authorization") ?? "none") }
            return .failure(401)
        }
        var options = BridgeClientOptions()
        options.token = { wasRefused in
            asked.withLock { $0.append(wasRefused) }
            return wasRefused ? "new" : "old"
        }
        let client = BridgeClient(upstream.url("/connect"), options: options)
        let scores = try await client.subscribe("/scores/a")
        try await eventually("the second attempt", holds: { seen.withLock { $0.count } >= 2 })
        #expect(Array(asked.withLock { $0 }.prefix(2)) == [false, true])
        #expect(Array(seen.withLock { $0 }.prefix(2)) == ["Bearer old", "Bearer new"])
        try await eventually(
            "the reason",
            holds: {
                if case .offline(let reason) = scores.status { reason.contains("401") } else { false }
            }
        )
        await client.close()
    }

    @Test("the legacy endpoint's trouble is a status, and the document stays")
    func stale() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"goals":1}"#))
        try await withBridge(pollRoute(upstream) + Self.multiplex) { bridge in
            let client = BridgeClient(bridge.webSocketURL("/connect"))
            let scores = try await client.subscribe("/scores/a")
            _ = try await first(of: scores, "the document") { goals($0) }
            upstream.answer(.failure(500))
            try await eventually(
                "the trouble",
                holds: {
                    if case .stale(code: "500", _) = scores.status { true } else { false }
                }
            )
            #expect(scores.document?.content == .json(Data(#"{"goals":1}"#.utf8)))
            upstream.answer(.json(#"{"goals":1}"#))
            try await eventually("its end", holds: { scores.status == .live })
            await client.close()
        }
    }
}
