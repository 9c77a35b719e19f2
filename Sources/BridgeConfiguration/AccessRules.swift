/// Who may use a route.
package struct AccessRules: Sendable, Hashable {
    /// The web pages that may connect.
    package let origins: AllowedOrigins
    /// Users with passwords; nil: none are asked for.
    package let basic: PasswordRules?
    /// Tokens; nil: none are asked for. With `basic`, one of the two is enough.
    package let jwt: TokenRules?
    /// Another server that is asked besides; nil: none is.
    package let request: SubrequestRules?

    /// Connections and requests of one client address (IPv6: one /64) at one time, at least 1; nil: no bound but
    /// ``Limits/connectionsPerAddress``.
    package let connectionsPerAddress: Int?

    /// Whether a client has to show anything at all.
    package var asksForCredentials: Bool { basic != nil || jwt != nil || request != nil }

    static let keys = ["origins", "basic", "jwt", "request", "connectionsPerAddress"]

    init(origins: AllowedOrigins = .sameOrigin, connectionsPerAddress: Int? = nil) {
        self.origins = origins
        basic = nil
        jwt = nil
        request = nil
        self.connectionsPerAddress = connectionsPerAddress
    }

    init(reading field: Field) {
        let section = field.section(keys: Self.keys)
        origins = section?["origins"].flatMap(AllowedOrigins.init(reading:)) ?? .sameOrigin
        basic = section?["basic"].flatMap(PasswordRules.init(reading:))
        jwt = section?["jwt"].flatMap(TokenRules.init(reading:))
        request = section?["request"].flatMap(SubrequestRules.init(reading:))
        connectionsPerAddress = section?["connectionsPerAddress"]?.integer(in: 1...10_000_000)
    }
}

/// Users with passwords (RFC 7617).
package struct PasswordRules: Sendable, Hashable {
    /// An htpasswd file; an absolute path.
    package let file: String
    /// What browsers show when they ask; printable ASCII without quotes and backslashes.
    package let realm: String

    static let keys = ["file", "realm"]
    /// Where the configuration names none.
    package static let standardRealm = "pushbridge"

    /// Reads a file's name, or an object with more.
    init?(reading field: Field) {
        var file: String?
        var realm = Self.standardRealm
        if case .object = field.node.value {
            let section = field.section(keys: Self.keys)
            file = section?.required("file")?.existingFile(.passwords)
            realm = section?["realm"]?.parsed(Self.realm) ?? realm
        } else {
            file = field.existingFile(.passwords)
        }
        guard let file else { return nil }
        self.file = file
        self.realm = realm
    }

    private static func realm(_ text: String) throws(Mistake) -> String {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }) else {
            throw Mistake("a realm is printable ASCII without quotes and backslashes")
        }
        return text
    }
}

/// Another server that decides: 2xx lets a request in.
package struct SubrequestRules: Sendable, Hashable {
    /// What is asked.
    package let url: String
    /// For one question. Positive.
    package let timeout: Duration
    /// How long an answer is used again, where it does not say so itself; zero: not at all.
    package let cache: Duration

    static let keys = ["url", "timeout", "cache"]

    init?(reading field: Field) {
        guard let section = field.section(keys: Self.keys) else { return nil }
        let url = section.required("url")?.fixedURL()
        timeout = section["timeout"]?.duration() ?? .seconds(5)
        cache = section["cache"]?.duration(zeroAllowed: true) ?? .seconds(5)
        guard let url else { return nil }
        self.url = url
    }
}

extension Field {
    /// An http(s) URL without parameters.
    func fixedURL() -> String? {
        guard let template = parsed(URLTemplate.init(parsing:), example: "\"http://127.0.0.1:9000/check\"") else {
            return nil
        }
        if let name = template.parameters.min() {
            fail("has the parameter {\(name)}", hint: "this URL is the same for every request")
            return nil
        }
        return template.url(parameters: [:])
    }
}
