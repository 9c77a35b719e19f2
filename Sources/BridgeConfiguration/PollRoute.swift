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
    /// Names of client query parameters that are passed on, and part of the topic. None is in the URL's own query.
    package let query: [String]
    /// Names of client headers that are passed on, in lower case; their values are part of the topic's identity.
    package let forward: [String]
    /// Fixed request headers. None of them is in `forward`.
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
        send = section["send"].flatMap { SendTarget(reading: $0, parameters: parameters) }
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

/// How often an endpoint is polled.
package enum PollInterval: Sendable, Equatable {
    /// At a fixed rate. Positive.
    case fixed(Duration)
    /// Between these bounds, by how often the document changes. Positive, `min` at most `max`.
    case adaptive(min: Duration, max: Duration)

    static let keys = ["min", "max"]

    init?(reading field: Field) {
        guard case .object = field.node.value else {
            guard let duration = field.duration() else { return nil }
            self = .fixed(duration)
            return
        }
        guard let section = field.section(keys: Self.keys) else { return nil }
        let (min, max) = (section.required("min")?.duration(), section.required("max")?.duration())
        guard let min, let max else { return nil }
        if min > max {
            field.fail("min is longer than max")
            return nil
        }
        self = .adaptive(min: min, max: max)
    }
}

/// Certificates for the connection to an upstream: absolute paths of PEM files that existed when the configuration
/// was read.
package struct UpstreamTLS: Sendable, Equatable {
    /// The authorities to trust instead of the system's.
    package let ca: String?
    /// The bridge's own certificate; only together with `key`.
    package let certificate: String?
    /// Its private key.
    package let key: String?

    static let keys = ["ca", "certificate", "key"]

    init?(reading field: Field) {
        guard let section = field.section(keys: Self.keys) else { return nil }
        ca = section["ca"]?.existingFile(.certificates)
        certificate = section["certificate"]?.existingFile(.certificates)
        key = section["key"]?.existingFile(.privateKey)
        section["key"]?.checkKey(key, of: certificate)
        if (section["certificate"] == nil) != (section["key"] == nil) {
            field.fail("certificate and key belong together")
        }
    }
}

/// Where the messages of a poll route's clients go.
package struct SendTarget: Sendable, Equatable {
    /// An HTTP method in upper case that may change something.
    package let method: String
    /// May hold the parameters of the route's path.
    package let url: URLTemplate
    /// Fixed request headers, without Content-Type.
    package let headers: [HTTPHeader]
    /// The Content-Type of what is sent.
    package let contentType: String

    static let keys = ["method", "url", "headers", "contentType"]

    init?(reading field: Field, parameters: [String]?) {
        guard let section = field.section(keys: Self.keys) else { return nil }
        method = section["method"]?.parsed(Self.method) ?? "POST"
        headers = section["headers"].map(HTTPHeader.list(reading:)) ?? []
        contentType = section["contentType"]?.parsed(Self.mediaType) ?? "application/json"
        if headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            section["headers"]?.fail("has Content-Type", hint: "write it as contentType")
        }
        guard let url = section.required("url")?.urlTemplate(parameters: parameters) else { return nil }
        self.url = url
    }

    private static func method(_ text: String) throws(Mistake) -> String {
        guard ["POST", "PUT", "PATCH", "DELETE"].contains(text) else {
            throw Mistake("expected \"POST\", \"PUT\", \"PATCH\" or \"DELETE\", found \(quoted(text))")
        }
        return text
    }

    private static func mediaType(_ text: String) throws(Mistake) -> String {
        let type = text.split(separator: ";", omittingEmptySubsequences: false)[0]
        let parts = type.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, (try? HTTPToken.parse(String(parts[0]))) != nil,
            (try? HTTPToken.parse(String(parts[1]))) != nil, (try? HTTPHeader.value(text)) != nil
        else { throw Mistake("expected a media type such as \"application/json\", found \(quoted(text))") }
        return text
    }
}

extension Field {
    /// A URL whose parameters are all in the route's path.
    fileprivate func urlTemplate(parameters: [String]?) -> URLTemplate? {
        guard let template = parsed(URLTemplate.init(parsing:), example: "\"http://127.0.0.1:8081/scores\"") else {
            return nil
        }
        guard let parameters else { return template }
        for name in template.parameters.sorted() where !parameters.contains(name) {
            unknownParameter(name, parameters: parameters)
        }
        return template
    }

    fileprivate func unknownParameter(_ name: String, parameters: [String]) {
        let known = parameters.map { "{\($0)}" }.joined(separator: ", ")
        fail(
            "\(quoted(name)) is not a parameter of the route's path",
            hint: known.isEmpty ? "the path has none" : "the path has \(known)"
        )
    }
}

/// JSON Pointers (RFC 6901) as text. `*` is an ordinary token here; what it matches is the receiver's to say.
enum JSONPointerText {
    static func parse(_ text: String) throws(Mistake) -> String {
        if !text.isEmpty, !text.hasPrefix("/") {
            throw Mistake("a JSON Pointer begins with \"/\"", hint: "write \(quoted("/" + text))")
        }
        var bytes = text.utf8[...]
        while let byte = bytes.popFirst() {
            if byte == 0x7E, bytes.first != 0x30, bytes.first != 0x31 {
                throw Mistake("\"~\" in a JSON Pointer is written \"~0\"", hint: "and \"/\" in a name is \"~1\"")
            }
        }
        return text
    }

    /// A pointer to something in the document, not the document itself.
    static func member(_ text: String) throws(Mistake) -> String {
        if text.isEmpty { throw Mistake("an empty JSON Pointer is the whole document") }
        return try parse(text)
    }
}
