import Foundation
import Testing

/// The rules of AsyncAPI 3.0 that a reader of such a document relies on.
@Suite("pushbridge check --asyncapi")
struct AsyncAPITests {
    private static let configuration = """
        {
          "listen": [
            { "host": "127.0.0.1", "port": 8080 }, { "host": "0.0.0.0", "port": 0 },
            { "host": "::1", "port": 8443 }, { "socket": "public" },
          ],
          "routes": [
            { "path": "/scores/{league}",
              "poll": {
                "url": "http://127.0.0.1:8081/scores?league={league}", "query": ["season"],
                "params": { "league": "[a-z]+" }, "keys": { "/matches": "id" },
                "send": { "method": "POST", "url": "http://127.0.0.1:8081/say" },
              } },
            { "path": "/feed", "poll": { "url": "http://127.0.0.1:8081/feed" } },
            { "path": "/prices", "poll": { "url": "http://127.0.0.1:8081/prices", "format": "xml" } },
            { "path": "/rooms/{room}", "channel": {} },
            { "path": "/connect", "multiplex": {} },
            { "path": "/tcp/{target}",
              "tunnel": {
                "targets": { "echo": "tcp://127.0.0.1:7", "time": "tcp://127.0.0.1:37" },
                "subprotocols": ["binary", "raw"],
              } },
            { "path": "/", "files": { "root": "." } },
          ],
        }
        """

    private func document(_ configuration: String = configuration) async throws -> JSON {
        let folder = try TemporaryFolder()
        let file = try folder.write("config.json", configuration)
        let run = try await Run(Places.program, ["check", "--asyncapi", "--config", file.path()])
        #expect(run.ending == .exited(0), "\(run.errors)")
        return try JSON(run.output)
    }

    private func members(_ value: JSON?) throws -> [String: JSON] {
        guard case .object(let members)? = value else {
            throw WebSocketClient.Unexpected(what: "\(String(describing: value))")
        }
        return members
    }

    private func target(of reference: JSON, in document: JSON) -> JSON? {
        guard let path = reference["$ref"]?.text, path.hasPrefix("#/") else { return nil }
        return path.dropFirst(2).split(separator: "/").reduce(document) { $0?[String($1)] }
    }

    @Test("all objects have the members that AsyncAPI 3.0 asks for, and no others")
    func shape() async throws {
        let document = try await document()
        #expect(document["asyncapi"] == "3.0.0")
        #expect(
            Set(try members(document).keys).isSubset(of: [
                "asyncapi", "id", "info", "servers", "defaultContentType", "channels", "operations", "components",
            ])
        )
        #expect(
            document["info"]?["title"]?.text?.isEmpty == false && document["info"]?["version"]?.text?.isEmpty == false
        )
        for (name, server) in try members(document["servers"]) {
            #expect(name.wholeMatch(of: /[A-Za-z0-9_\-]+/) != nil)
            #expect(
                Set(try members(server).keys).isSubset(of: ["host", "protocol", "variables", "security", "description"])
            )
            let host = try #require(server["host"]?.text)
            #expect(["ws", "wss"].contains(server["protocol"]?.text))
            let variables = Set(host.matches(of: /\{(\w+)\}/).map { String($0.1) })
            #expect(variables == Set(try server["variables"].map { try members($0).keys.map { $0 } } ?? []))
        }
        for (name, channel) in try members(document["channels"]) {
            #expect(name.wholeMatch(of: /[A-Za-z0-9_\-]+/) != nil)
            #expect(
                Set(try members(channel).keys).isSubset(of: [
                    "address", "messages", "title", "summary", "description", "servers", "parameters", "bindings",
                ])
            )
            let address = try #require(channel["address"]?.text)
            #expect(!address.contains("?") && !address.contains("#"))
            let expressions = Set(address.matches(of: /\{(\w+)\}/).map { String($0.1) })
            #expect(expressions == Set(try channel["parameters"].map { try members($0).keys.map { $0 } } ?? []))
            for parameter in try channel["parameters"].map({ try members($0).values.map { $0 } }) ?? [] {
                #expect(
                    Set(try members(parameter).keys).isSubset(of: [
                        "enum", "default", "description", "examples", "location",
                    ])
                )
            }
            for message in try members(channel["messages"]).values {
                let found = try #require(target(of: message, in: document), "\(message)")
                #expect(
                    Set(try members(found).keys).isSubset(of: [
                        "name", "summary", "contentType", "payload", "description",
                    ])
                )
            }
            let binding = try members(channel["bindings"]?["ws"])
            #expect(Set(binding.keys).isSubset(of: ["method", "query", "headers", "bindingVersion"]))
            for schema in [binding["query"], binding["headers"]].compactMap({ $0 }) {
                #expect(schema["type"] == "object" && schema["properties"] != nil)
            }
        }
        for operation in try members(document["operations"]).values {
            #expect(
                Set(try members(operation).keys).isSubset(of: ["action", "channel", "messages", "summary", "security"])
            )
            #expect(["send", "receive"].contains(operation["action"]?.text))
            let channel = try #require(operation["channel"])
            #expect(target(of: channel, in: document) != nil)
            for message in try #require(operation["messages"]?.items) {
                #expect(target(of: message, in: document) != nil)
                let prefix = try #require(channel["$ref"]?.text) + "/messages/"
                #expect(message["$ref"]?.text?.hasPrefix(prefix) == true, "of the operation's own channel")
            }
        }
    }

    @Test("each route has its channels, with what it takes and what it says")
    func content() async throws {
        let document = try await document()
        let channels = try members(document["channels"])
        #expect(
            Set(channels.keys) == [
                "scores_league", "scores_league-v1", "scores_league-cloudevents", "scores_league-posts",
                "scores_league-cloudevents-posts", "feed", "feed-v1", "feed-cloudevents", "prices", "prices-v1",
                "prices-cloudevents", "rooms_room", "rooms_room-v1", "rooms_room-cloudevents", "connect", "tcp_target",
            ]
        )
        #expect(channels["scores_league"]?["address"] == "/scores/{league}")
        #expect(channels["scores_league"]?["parameters"]?["league"]?["description"] == "Matches [a-z]+.")
        #expect(channels["scores_league"]?["bindings"]?["ws"]?["query"]?["properties"]?["season"] != nil)
        #expect(channels["scores_league-v1"]?["messages"]?["event"] != nil)
        #expect(channels["feed-v1"]?["messages"]?["event"] == nil, "without keys there are none")
        #expect(channels["tcp_target"]?["parameters"]?["target"]?["enum"] == ["echo", "time"])
        let headers = channels["tcp_target"]?["bindings"]?["ws"]?["headers"]
        #expect(headers?["properties"]?["Sec-WebSocket-Protocol"]?["enum"] == ["binary", "raw"])
        #expect(document["components"]?["messages"]?["document"]?["contentType"] == nil, "it is the endpoint's")
        #expect(channels["prices"]?["messages"]?["json"] != nil, "XML is delivered as JSON")
        let operations = try members(document["operations"])
        #expect(operations["take_scores_league-posts"] != nil && operations["push_scores_league-posts"] == nil)
        #expect(operations["push_scores_league-v1"]?["action"] == "send")
        #expect(operations["take_scores_league-v1"]?["action"] == "receive")
        #expect(operations["take_feed"] == nil, "a route without send takes nothing")
        let snapshot = try #require(document["components"]?["messages"]?["snapshot"])
        #expect(snapshot["payload"]?["properties"]?["type"]?["const"] == "snapshot")
        let servers = try members(document["servers"])
        #expect(servers["listener1"]?["host"] == "127.0.0.1:8080" && servers["listener1"]?["protocol"] == "ws")
        #expect(servers["listener2"]?["host"] == "{host}:{port}")
        #expect(servers["listener3"]?["host"] == "[::1]:8443")
        #expect(servers["listener4"]?["host"] == "{host}:{port}", "the socket's unit says where it listens")
    }

    @Test("no message can be taken for another of its channel")
    func distinctMessages() async throws {
        let document = try await document()
        for (name, channel) in try members(document["channels"]) {
            let messages = try members(channel["messages"])
            guard messages.count > 1 else { continue }
            var types: [JSON] = []
            for message in messages.values {
                let payload = try #require(target(of: message, in: document)?["payload"])
                #expect(payload["required"]?.items?.contains("type") == true, "\(name)")
                let type = try #require(payload["properties"]?["type"], "\(name)")
                types += try type["const"].map { [$0] } ?? #require(type["enum"]?.items, "\(name)")
            }
            #expect(Set(types.compactMap(\.text)).count == types.count, "\(name)")
        }
    }

    @Test("paths that differ in signs alone have names of their own")
    func names() async throws {
        let document = try await document(
            #"{ "routes": [{ "path": "/a-b", "channel": {} }, { "path": "/a/b", "channel": {} }, { "path": "/", "channel": {} }] }"#
        )
        let channels = try members(document["channels"])
        #expect(channels["a_b"]?["address"] == "/a-b" && channels["a_b_2"]?["address"] == "/a/b")
        #expect(channels["root"]?["address"] == "/")
    }

    @Test("who has to show a password or a token is told how")
    func security() async throws {
        let document = try await document(
            #"""
            { "access": { "jwt": { "hs256": "a secret that is thirty-two bytes long" } },
              "routes": [
                { "path": "/a", "channel": {} },
                { "path": "/b", "channel": {}, "access": { "origins": "*" } },
              ] }
            """#
        )
        let schemes = try #require(document["operations"]?["push_a"]?["security"]?.items)
        #expect(schemes.map { target(of: $0, in: document)?["type"] } == ["http", "httpApiKey"])
        #expect(document["operations"]?["push_b"]?["security"] == nil)
        #expect(try members(document["components"]?["securitySchemes"]).count == 2)
    }

    @Test("what the bridge really sends is what the document says")
    func truth() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 1)))
        let document = try await document(#"{ "routes": [\#(pollRoute(upstream))] }"#)
        func check(_ message: JSON, _ name: String) throws {
            let payload = try #require(document["components"]?["messages"]?[name]?["payload"])
            let known = Set(try members(payload["properties"]).keys)
            #expect(Set(try members(message).keys).isSubset(of: known), "\(name)")
            for required in try #require(payload["required"]?.items) {
                #expect(message[required.text ?? ""] != nil, "\(name): \(required)")
            }
        }
        try await withBridge(pollRoute(upstream)) { bridge in
            let version1 = try await bridge.version1("/scores/a")
            let events = try await WebSocketClient.open(
                bridge.webSocketURL("/scores/a?mode=patch"),
                subprotocols: ["cloudevents.json"]
            )
            try check(try await version1.json(), "snapshot")
            try check(try await events.json(), "snapshotEvent")
            upstream.answer(.json(scoreboard(goals: 2)))
            try check(try await version1.json(), "patch")
            try check(try await events.json(), "patchEvent")
            upstream.answer(.failure(500))
            try check(try await version1.json(), "status")
            try check(try await events.json(), "statusEvent")
        }
    }

    @Test("a wrong configuration is told as ever, and --connect is something else")
    func wrong() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("config.json", "{}")
        let run = try await Run(Places.program, ["check", "--asyncapi", "--config", file.path()])
        #expect(run.ending == .exited(78) && run.output.isEmpty)
        let both = try await Run(Places.program, ["check", "--asyncapi", "--connect", "--config", file.path()])
        #expect(both.ending == .exited(64))
    }
}
