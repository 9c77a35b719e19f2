/// JSON Web Tokens (RFC 7519) that let their bearers in.
package struct TokenRules: Sendable, Hashable {
    /// What tokens are signed with.
    package enum Keys: Sendable, Hashable {
        /// HS256 with this secret.
        case secret(String)
        /// A PEM file with a public key; an absolute path.
        case publicKey(String)
        /// A file with a JSON Web Key Set; an absolute path.
        case keySetFile(String)
        /// Where a JSON Web Key Set is fetched.
        case keySetURL(String)
    }

    /// A claim that a token must have.
    package struct Claim: Sendable, Hashable {
        /// A name, or where it begins with `/` a JSON Pointer (RFC 6901) to a claim inside another.
        package let name: String
        /// One of these must be its value, or an item of it. At least one.
        package let values: [Value]
    }

    /// What a claim must be.
    package enum Value: Sendable, Hashable {
        case text(String)
        case number(Double)
        case boolean(Bool)
    }

    /// What tokens are checked with.
    package let keys: Keys
    /// One of these must be in `aud`; empty: it is not looked at.
    package let audience: [String]
    /// One of these must be `iss`; empty: it is not looked at.
    package let issuer: [String]
    /// All of these are required.
    package let claims: [Claim]
    /// The name of the cookie that may carry a token.
    package let cookie: String

    static let keys = ["hs256", "key", "jwks", "audience", "issuer", "claims", "cookie"]
    /// Where the configuration names none.
    package static let standardCookie = "access_token"

    init?(reading field: Field) {
        guard let section = field.section(keys: Self.keys) else { return nil }
        let sources = ["hs256", "key", "jwks"].filter { section[$0] != nil }
        if sources.isEmpty {
            field.fail("names no key", hint: "add one of hs256, key, jwks")
        } else if sources.count > 1 {
            field.fail("has \(sources.joined(separator: " and "))", hint: "tokens are checked with one of them")
        }
        let secret = section["hs256"].flatMap(Self.secret)
        let publicKey = section["key"]?.existingFile(.publicKey)
        let keySet = section["jwks"].flatMap(Self.keySet)
        audience = section["audience"].map(Self.names) ?? []
        issuer = section["issuer"].map(Self.names) ?? []
        claims = section["claims"].map(Self.claims) ?? []
        cookie = section["cookie"]?.parsed(HTTPToken.parse) ?? Self.standardCookie
        guard sources.count == 1, let keys = secret ?? publicKey.map(Keys.publicKey) ?? keySet else { return nil }
        self.keys = keys
    }

    private static func secret(_ field: Field) -> Keys? {
        guard let text = field.string() else { return nil }
        if text.isEmpty {
            field.fail("is empty", hint: "make a secret with \"openssl rand -base64 32\"")
            return nil
        }
        return .secret(text)
    }

    private static func keySet(_ field: Field) -> Keys? {
        // The environment may say where: what is missing there, existingFile reports.
        guard case .string(let written) = field.node.value,
            let text = try? Substitution.expand(written, environment: field.reading.environment),
            ["http://", "https://"].contains(where: text.lowercased().hasPrefix)
        else {
            return field.existingFile(.keySet).map(Keys.keySetFile)
        }
        return field.fixedURL().map(Keys.keySetURL)
    }

    /// One name or a list of names.
    private static func names(_ field: Field) -> [String] {
        if case .array = field.node.value {
            let names = field.distinctList(name) ?? []
            if names.isEmpty { field.fail("is empty", hint: "leave it out to accept any") }
            return names
        }
        return field.parsed(name).map { [$0] } ?? []
    }

    private static func name(_ text: String) throws(Mistake) -> String {
        if text.isEmpty { throw Mistake("is empty") }
        return text
    }

    private static func claims(_ field: Field) -> [Claim] {
        (field.members(expected: "an object of claims and their values") ?? []).compactMap { name, _, field in
            if name.hasPrefix("/") {
                do throws(Mistake) {
                    _ = try JSONPointerText.parse(name)
                } catch {
                    field.fail(error.message, hint: error.hint)
                    return nil
                }
            }
            let fields: [Field]
            if case .array = field.node.value {
                fields = field.list() ?? []
                if fields.isEmpty { field.fail("is empty", hint: "list the values that are let in") }
            } else {
                fields = [field]
            }
            return Claim(name: name, values: fields.compactMap(value))
        }
    }

    private static func value(_ field: Field) -> Value? {
        switch field.node.value {
        case .string: return field.string().map(Value.text)
        case .number(let number, _): return .number(number)
        case .boolean(let value): return .boolean(value)
        case .null, .array, .object:
            field.fail("expected a string, a number, true or false, found \(field.node.found)")
            return nil
        }
    }
}
