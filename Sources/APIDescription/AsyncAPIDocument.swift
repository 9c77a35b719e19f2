import BridgeConfiguration
import Foundation

/// What a configuration offers over WebSocket, as an AsyncAPI 3.0 document.
///
/// The application that it describes is the bridge: `send` is what the bridge pushes. A channel is one path in one
/// subprotocol, and one direction where what goes the other way has no form of its own: a message has to be valid as one,
/// and only one, of its channel's (Channel Object, `messages`).
package struct AsyncAPIDocument {
    private let configuration: BridgeConfiguration
    private let version: String
    private let channels: [Channel]

    /// One path in one subprotocol.
    private struct Channel {
        let name: String
        let route: Route
        /// What the client may ask for; empty: nothing.
        let subprotocols: [String]
        let messages: AsyncAPIMessages.Set
    }

    /// - Parameters:
    ///   - configuration: whose routes are described.
    ///   - version: of the program.
    package init(_ configuration: BridgeConfiguration, version: String) {
        self.configuration = configuration
        self.version = version
        var taken: Set<String> = []
        channels = configuration.routes.flatMap { route in
            let base = Self.name(of: route.path, taken: &taken)
            return Self.messages(of: route.kind).map { suffix, subprotocols, messages in
                Channel(name: base + suffix, route: route, subprotocols: subprotocols, messages: messages)
            }
        }
    }

    /// The document as JSON.
    package func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(document), as: UTF8.self)
    }

    private var document: JSONValue {
        let used = channels.flatMap { $0.messages.sent + $0.messages.received }
        return [
            "asyncapi": "3.0.0",
            "info": [
                "title": "Routes of a pushbridge", "version": .string(version),
                "description": "What clients are pushed, and what they may send.",
            ],
            "servers": .object(servers),
            "channels": .object(Dictionary(channels.map { ($0.name, object($0)) }) { first, _ in first }),
            "operations": .object(
                Dictionary(channels.flatMap { operations($0) }.map { ($0.name, $0.value) }) { first, _ in first }
            ),
            "components": .object(components(used)),
        ]
    }

    private func components(_ messages: [String]) -> [String: JSONValue] {
        var components = ["messages": AsyncAPIMessages.components(messages)]
        let schemes = Set(channels.flatMap { securitySchemes(of: $0.route) })
        if !schemes.isEmpty {
            components["securitySchemes"] = .object(Self.allSecuritySchemes.filter { schemes.contains($0.key) })
        }
        return components
    }

    // MARK: security

    private static let allSecuritySchemes: [String: JSONValue] = [
        "password": ["type": "http", "scheme": "basic"],
        "token": ["type": "http", "scheme": "bearer", "bearerFormat": "JWT"],
        "tokenInQuery": [
            "type": "httpApiKey", "in": "query", "name": "access_token",
            "description": "The same token, for browsers: they cannot set header fields of a WebSocket.",
        ],
    ]

    /// One of these is enough. What a sub-request asks for, only its server knows.
    private func securitySchemes(of route: Route) -> [String] {
        let access = route.access ?? configuration.access
        return (access.basic == nil ? [] : ["password"]) + (access.jwt == nil ? [] : ["token", "tokenInQuery"])
    }

    // MARK: servers

    private var servers: [String: JSONValue] {
        let listeners = configuration.listen.enumerated().map { index, listen in
            // The address of a socket that is passed stands in its unit.
            let isPassed = listen.socket != nil
            let isAnyHost = isPassed || ["0.0.0.0", "::"].contains(listen.host)
            let isAnyPort = isPassed || listen.port == 0
            let host = isAnyHost ? "{host}" : Authority.bracketed(listen.host)
            var variables: [String: JSONValue] = [:]
            if isAnyHost {
                variables["host"] = ["default": "localhost", "description": "Any name or address of the machine."]
            }
            if isAnyPort { variables["port"] = ["description": "The port that the ready line names."] }
            var server: [String: JSONValue] = [
                "host": .string("\(host):\(isAnyPort ? "{port}" : String(listen.port))"),
                "protocol": listen.tls == nil ? "ws" : "wss",
            ]
            if !variables.isEmpty { server["variables"] = .object(variables) }
            return ("listener\(index + 1)", JSONValue.object(server))
        }
        return Dictionary(listeners) { first, _ in first }
    }

    // MARK: channels

    /// A name that is a key of the document, and part of a JSON Pointer, without escapes.
    private static func name(of path: PathTemplate, taken: inout Set<String>) -> String {
        let words = path.text.split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        let base = words.isEmpty ? "root" : words.joined(separator: "_")
        var name = base
        var number = 1
        while taken.contains(name) {
            number += 1
            name = "\(base)_\(number)"
        }
        taken.insert(name)
        return name
    }

    private static func messages(
        of kind: RouteKind
    ) -> [(suffix: String, subprotocols: [String], messages: AsyncAPIMessages.Set)] {
        switch kind {
        case .poll(let poll):
            [
                ("", [], AsyncAPIMessages.bare(poll)),
                ("-v1", ["pushbridge.v1"], AsyncAPIMessages.version1(poll)),
                ("-cloudevents", ["cloudevents.json"], AsyncAPIMessages.cloudEvents(poll)),
            ]
                + (poll.send == nil
                    ? []
                    : [
                        ("-posts", [], AsyncAPIMessages.posts),
                        ("-cloudevents-posts", ["cloudevents.json"], AsyncAPIMessages.posts),
                    ])
        case .channel:
            [
                ("", [], AsyncAPIMessages.room),
                ("-v1", ["pushbridge.v1"], AsyncAPIMessages.version1Room),
                ("-cloudevents", ["cloudevents.json"], AsyncAPIMessages.cloudEventsRoom),
            ]
        case .multiplex: [("", ["pushbridge.v1"], AsyncAPIMessages.multiplex)]
        case .tunnel(let tunnel): [("", tunnel.subprotocols, AsyncAPIMessages.stream)]
        case .files: []
        }
    }

    private func object(_ channel: Channel) -> JSONValue {
        let messages = Set(channel.messages.sent + channel.messages.received)
        var object: [String: JSONValue] = [
            "address": .string(channel.route.path.text),
            "summary": .string(summary(channel)),
            "messages": .object(
                Dictionary(uniqueKeysWithValues: messages.map { ($0, .reference("components", "messages", $0)) })
            ),
            "bindings": ["ws": .object(binding(channel))],
        ]
        let parameters = channel.route.path.parameters
        if !parameters.isEmpty {
            object["parameters"] = .object(
                Dictionary(parameters.map { ($0, parameter($0, channel.route)) }) { first, _ in first }
            )
        }
        return .object(object)
    }

    private func summary(_ channel: Channel) -> String {
        switch channel.route.kind {
        case .poll where channel.messages.sent.isEmpty: "What goes to the document's endpoint."
        case .poll: "A document, and every change of it."
        case .channel: "A room: everybody gets what everybody else sends."
        case .multiplex: "Documents and rooms as subscriptions over one connection."
        case .tunnel: "A byte stream to a TCP service."
        case .files: ""
        }
    }

    private func parameter(_ name: String, _ route: Route) -> JSONValue {
        switch route.kind {
        case .poll(let poll):
            let pattern = (poll.params[name] ?? .standard).text
            return ["description": .string("Matches \(pattern).")]
        case .tunnel(let tunnel) where name == "target" && !tunnel.targets.isEmpty:
            return [
                "description": "Which service.", "enum": .array(tunnel.targets.keys.sorted().map { .string($0) }),
            ]
        default: return ["description": .string("The {\(name)} of the path.")]
        }
    }

    /// WebSockets channel binding 0.1.0.
    private func binding(_ channel: Channel) -> [String: JSONValue] {
        var binding: [String: JSONValue] = ["method": "GET", "bindingVersion": "0.1.0"]
        if !channel.subprotocols.isEmpty {
            let isNeeded = if case .tunnel = channel.route.kind { false } else { true }
            let names = JSONValue.array(channel.subprotocols.map { .string($0) })
            var headers: [String: JSONValue] = [
                "type": "object",
                "properties": ["Sec-WebSocket-Protocol": ["type": "string", "enum": names]],
            ]
            if isNeeded { headers["required"] = ["Sec-WebSocket-Protocol"] }
            binding["headers"] = .object(headers)
        }
        guard case .poll(let poll) = channel.route.kind else { return binding }
        var query: [String: JSONValue] = [
            "mode": [
                "enum": .array(
                    (["snapshot", "patch", "merge"] + (poll.keys.isEmpty ? [] : ["events"])).map { .string($0) }
                ),
                "default": channel.subprotocols == ["pushbridge.v1"] ? "patch" : "snapshot",
            ],
            "since": ["type": "string", "description": "Go on behind this version."],
        ]
        for name in poll.query { query[name] = ["type": "string", "description": "Goes to the endpoint."] }
        binding["query"] = ["type": "object", "properties": .object(query)]
        return binding
    }

    // MARK: operations

    private func operations(_ channel: Channel) -> [(name: String, value: JSONValue)] {
        [("push", "send", channel.messages.sent), ("take", "receive", channel.messages.received)]
            .filter { !$0.2.isEmpty }
            .map { verb, action, messages in
                var operation: [String: JSONValue] = [
                    "action": .string(action),
                    "channel": .reference("channels", channel.name),
                    "messages": .array(messages.map { .reference("channels", channel.name, "messages", $0) }),
                ]
                let schemes = securitySchemes(of: channel.route)
                if !schemes.isEmpty {
                    operation["security"] = .array(schemes.map { .reference("components", "securitySchemes", $0) })
                }
                return ("\(verb)_\(channel.name)", .object(operation))
            }
    }
}
