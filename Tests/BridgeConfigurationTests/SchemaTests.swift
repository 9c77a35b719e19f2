import Foundation
import Testing

@testable import BridgeConfiguration

@Suite("config.json and config.schema.json of the package")
struct SchemaTests {
    private let schema: [String: Any]
    private let definitions: [String: [String: Any]]

    init() throws {
        let data = try Data(contentsOf: Golden.packageRoot.appendingPathComponent("config.schema.json"))
        schema = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        definitions = try #require(schema["$defs"] as? [String: [String: Any]])
    }

    /// The objects of the schema beside its root, with the keys that the model reads.
    private static let modelKeys: [String: [String]] = [
        "listen": ListenAddress.keys, "listenTLS": ListenTLS.keys, "admin": AdminAddress.keys, "limits": Limits.keys,
        "routeLimits": RouteLimits.keys,
        "keepAlive": KeepAlive.keys,
        "access": AccessRules.keys, "passwords": PasswordRules.keys, "tokens": TokenRules.keys,
        "subrequest": SubrequestRules.keys, "upstream": UpstreamLimits.keys, "route": Route.keys,
        "poll": PollRoute.keys,
        "interval": PollInterval.keys, "tls": UpstreamTLS.keys, "send": SendTarget.keys, "tunnel": TunnelRoute.keys,
        "backendTLS": BackendTLS.keys,
        "channel": ChannelRoute.keys, "multiplex": MultiplexRoute.keys, "files": FilesRoute.keys,
    ]

    private func properties(_ object: [String: Any]) -> [String: [String: Any]] {
        object["properties"] as? [String: [String: Any]] ?? [:]
    }

    @Test("the schema has the keys of the model, no more and no fewer")
    func keys() {
        #expect(Set(properties(schema).keys) == Set(BridgeConfiguration.keys))
        let objects = definitions.filter { $0.value["properties"] != nil }
        #expect(Set(objects.keys) == Set(Self.modelKeys.keys))
        for (name, object) in objects {
            #expect(Set(properties(object).keys) == Set(Self.modelKeys[name] ?? []), "in \(name)")
            #expect(object["additionalProperties"] as? Bool == false, "in \(name)")
        }
        #expect(schema["additionalProperties"] as? Bool == false)
    }

    @Test("every key of the schema has a description")
    func descriptions() {
        for (name, object) in definitions.merging(["": schema], uniquingKeysWith: { first, _ in first }) {
            for (key, property) in properties(object) {
                #expect((property["description"] as? String)?.isEmpty == false, "\(name).\(key)")
            }
        }
    }

    @Test("the words of the schema are the words of the model")
    func words() {
        func words(_ name: String, _ key: String) -> [String]? {
            (name.isEmpty ? properties(schema) : properties(definitions[name] ?? [:]))[key]?["enum"] as? [String]
        }
        #expect(words("", "logLevel") == LogLevel.allCases.map(\.rawValue))
        #expect(words("", "accessLog") == AccessLogFormat.allCases.map(\.rawValue))
        #expect(words("route", "compression") == CompressionMode.allCases.map(\.rawValue))
        #expect(words("poll", "format") == PollRoute.BodyFormat.allCases.map(\.rawValue))
        #expect(words("tunnel", "connect") == TunnelRoute.ConnectOrder.allCases.map(\.rawValue))
        #expect(words("tunnel", "clientText") == TunnelRoute.ClientText.allCases.map(\.rawValue))
        #expect(words("listenTLS", "clientCertificate") == ListenTLS.ClientCertificate.allCases.map(\.rawValue))
        #expect(words("tunnel", "frames") == TunnelRoute.FrameKind.allCases.map(\.rawValue))
    }

    @Test("the defaults of the schema are the defaults of the model")
    func defaults() throws {
        /// An object with every default that the schema names, and what it requires.
        func object(_ definition: [String: Any], _ required: [String: Any] = [:]) -> [String: Any] {
            properties(definition).compactMapValues { $0["default"] }.merging(
                required,
                uniquingKeysWith: { _, new in new }
            )
        }
        func named(_ name: String, _ required: [String: Any] = [:]) -> [String: Any] {
            object(definitions[name] ?? [:], required)
        }
        func document(_ make: (String, [String: Any]) -> [String: Any], top: [String: Any]) throws
            -> BridgeConfiguration
        {
            let document = top.merging(
                [
                    "admin": make("admin", [:]), "limits": make("limits", [:]), "keepAlive": make("keepAlive", [:]),
                    "upstream": make("upstream", [:]),
                    "routes": [
                        [
                            "path": "/p",
                            "poll": make("poll", ["url": "http://h/", "send": make("send", ["url": "http://h/"])]),
                            "access": make(
                                "access",
                                [
                                    "basic": make("passwords", ["file": "folder/file.txt"]),
                                    "jwt": make("tokens", ["hs256": "s"]),
                                    "request": make("subrequest", ["url": "http://h/"]),
                                ]
                            ),
                        ],
                        ["path": "/t", "tunnel": make("tunnel", ["to": "tcp://h:1"])],
                        ["path": "/c", "channel": make("channel", [:])],
                        ["path": "/m", "multiplex": make("multiplex", [:])],
                        ["path": "/", "files": make("files", ["root": "folder"])],
                    ],
                ],
                uniquingKeysWith: { _, new in new }
            )
            return try Golden.parse(String(decoding: JSONSerialization.data(withJSONObject: document), as: UTF8.self))
        }
        let explicit = try document(named, top: object(schema))
        let implicit = try document({ _, required in required }, top: [:])
        #expect(explicit == implicit)
        #expect(named("poll").count >= 7, "the schema's defaults were found")
    }

    @Test("config.json of the package is right, and is what the demo serves")
    func packageConfiguration() throws {
        let file = Golden.packageRoot.appendingPathComponent("config.json").path
        let configuration = try BridgeConfiguration.load(file: file, environment: [:])
        #expect(configuration.listen.map(\.description) == ["127.0.0.1:8080"])
        #expect(
            configuration.routes.map { "\($0.path) \($0.kind.name)" } == [
                "/scores/{league} poll", "/scores-xml/{league} poll", "/quotes poll", "/vehicles poll", "/chat poll",
                "/tunnel/echo tunnel", "/tunnel/chat tunnel", "/rooms/{room} channel",
                "/connect multiplex", "/ files",
            ]
        )
        guard case .poll(let scores) = configuration.routes[0].kind else {
            Issue.record("scores is no poll route")
            return
        }
        #expect(
            scores.url.url(parameters: ["league": "premier"]) == "http://127.0.0.1:8081/legacy/scores?league=premier"
        )
        #expect(scores.interval == .fixed(.seconds(1)))
        #expect(scores.keys.map { [$0.pointer, $0.member] } == [["/matches", "id"]])
        #expect(scores.ignore == ["/generatedAt"])
    }
}
