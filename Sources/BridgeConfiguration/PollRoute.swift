/// A route to a legacy HTTP endpoint that is polled once for all who listen.
package struct PollRoute: Sendable, Equatable {
    /// What is fetched.
    package let url: URLTemplate
    /// How often.
    package let interval: PollInterval
    /// For one fetch. Positive.
    package let timeout: Duration
    /// What each path parameter may be, for every parameter of the route's path.
    package let params: [String: ParameterPattern]
    /// Names of client query parameters that are passed on, and part of the topic. None is in the query of `url` or of
    /// `send.url`.
    package let query: [String]
    /// Names of client headers that are passed on, in lower case; their values are part of the topic's identity.
    package let forward: [String]
    /// Fixed request headers. None of them is in `forward`; nor is one of `send.headers`.
    package let headers: [HTTPHeader]
    /// What the body is read as.
    package let format: BodyFormat
    /// The part of the document that is pushed (RFC 6901); nil: the whole document.
    package let select: String?
    /// JSON Pointers of volatile members; a token `*` matches any member or index.
    package let ignore: [String]
    /// JSON Pointers of arrays and the member that identifies their items; a token `*` as in `ignore`. In the order
    /// of config.json.
    package let keys: [ArrayKey]
    /// How long polling goes on after the last subscriber.
    package let linger: Duration
    /// Bytes of old versions that are kept; 0 keeps none.
    package let history: Int
    /// Largest body in bytes, at least 1.
    package let maxBody: Int
    /// Topics at one time, at least 1.
    package let maxTopics: Int
    /// Certificates for the upstream; nil: the system's.
    package let tls: UpstreamTLS?
    /// Where client messages go; nil: they are refused.
    package let send: SendTarget?

    /// What a body is read as.
    package enum BodyFormat: String, Sendable, CaseIterable {
        /// By its Content-Type.
        case auto
        case json, text, binary, xml
    }

    /// An array whose items have an identity.
    package struct ArrayKey: Sendable, Equatable {
        /// Where the array is (RFC 6901, with `*`).
        package let pointer: String
        /// The member of each item that identifies it.
        package let member: String
    }

    /// Whether a path parameter may have this value; false for a name that is not in the route's path. `.` and `..`
    /// are never accepted.
    package func accepts(parameter name: String, value: String) -> Bool {
        params[name]?.accepts(value) ?? false
    }

    static let keys = [
        "url", "interval", "timeout", "params", "query", "forward", "headers", "format", "select", "ignore", "keys",
        "linger", "history", "maxBody", "maxTopics", "tls", "send",
    ]

    /// - Parameter path: The route's path; nil where it is wrong, which has been reported.
    init?(reading field: Field, path: PathTemplate?) {
        guard let section = field.section(keys: Self.keys) else { return nil }
        let parameters = path.map(\.parameters)
        let url = section.required("url")?.urlTemplate(parameters: parameters)
        interval = section["interval"].flatMap(PollInterval.init(reading:)) ?? .fixed(.seconds(2))
        timeout = section["timeout"]?.duration() ?? .seconds(5)
        params = Self.patterns(reading: section["params"], parameters: parameters)
        query = section["query"]?.distinctList(Self.queryName) ?? []
        if let taken = query.first(where: { url?.queryNames.contains($0) ?? false }) {
            section["query"]?.fail(
                "\(quoted(taken)) is in the query of url too",
                hint: "a client could then ask for something else"
            )
        }
        forward = section["forward"]?.distinctList(HTTPToken.forwardable) ?? []
        headers = section["headers"].map(HTTPHeader.list(reading:)) ?? []
        for header in headers where forward.contains(header.name.lowercased()) {
            section["forward"]?.fail("\(header.name) is a fixed header too", hint: "it can come from one place only")
        }
        format = section["format"]?.choice(BodyFormat.self) ?? .auto
        select = section["select"]?.parsed(JSONPointerText.parse)
        ignore = section["ignore"]?.distinctList(JSONPointerText.member) ?? []
        keys = section["keys"].map(Self.arrayKeys(reading:)) ?? []
        linger = section["linger"]?.duration(zeroAllowed: true) ?? .seconds(30)
        history = section["history"]?.size(in: 0...Size.gibibyte) ?? Size.mebibyte
        maxBody = section["maxBody"]?.size(in: 1...Size.gibibyte) ?? 8 * Size.mebibyte
        maxTopics = section["maxTopics"]?.integer(in: 1...10_000_000) ?? 10_000
        tls = section["tls"].flatMap(UpstreamTLS.init(reading:))
        let (passedOn, forwarded) = (query, forward)
        send = section["send"].flatMap { field in
            SendTarget(reading: field, parameters: parameters, query: passedOn, forward: forwarded)
        }
        if let url, !url.isHTTPS, !(send?.url.isHTTPS ?? false) {
            section["tls"]?.fail("has no meaning for an http:// URL", hint: "write https:// or leave tls out")
        }
        guard let url else { return nil }
        self.url = url
    }

    private static func patterns(reading field: Field?, parameters: [String]?) -> [String: ParameterPattern] {
        var patterns: [String: ParameterPattern] = [:]
        for name in parameters ?? [] { patterns[name] = .standard }
        for (name, _, field) in field?.members(expected: "an object of parameter names and patterns") ?? [] {
            let pattern = field.parsed(ParameterPattern.init(parsing:))
            if let parameters, !parameters.contains(name) {
                field.unknownParameter(name, parameters: parameters)
            } else if let pattern {
                patterns[name] = pattern
            }
        }
        return patterns
    }

    private static func queryName(_ text: String) throws(Mistake) -> String {
        if text.isEmpty { throw Mistake("a query parameter's name is not empty") }
        if text.contains(where: { "=&?#".contains($0) }) {
            throw Mistake("\(quoted(text)) is not a name alone", hint: "without =, & and ?")
        }
        return text
    }

    private static func arrayKeys(reading field: Field) -> [ArrayKey] {
        let members = field.members(
            expected: "an object of JSON Pointers and member names such as {\"/matches\": \"id\"}"
        )
        return (members ?? []).compactMap { pointer, _, field in
            do throws(Mistake) {
                _ = try JSONPointerText.parse(pointer)
            } catch {
                field.fail(error.message, hint: error.hint)
                return nil
            }
            guard let member = field.string() else { return nil }
            if member.isEmpty {
                field.fail("names no member")
                return nil
            }
            return ArrayKey(pointer: pointer, member: member)
        }
    }
}
