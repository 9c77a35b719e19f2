import Foundation

/// Who may use a route: the rules behind `access`, ready to be asked. Any thread; it never changes, so that a reload puts
/// another in its place.
///
/// `basic` and `jwt` are two ways to say who one is, and one of them is enough. A sub-request is asked besides.
package final class AccessPolicy: AccessJudge {
    private let passwords: PasswordGate?
    private let tokens: TokenVerifier?
    private let location: TokenLocation
    private let subrequest: SubrequestGate?
    private let realm: String

    /// - Parameters:
    ///   - cookie: the name of the cookie that may carry a token.
    ///   - realm: what a browser shows when it asks for a password (RFC 7617 section 2); printable ASCII.
    package init(
        passwords: PasswordGate? = nil,
        tokens: TokenVerifier? = nil,
        subrequest: SubrequestGate? = nil,
        cookie: String = "access_token",
        realm: String = "pushbridge"
    ) {
        self.passwords = passwords
        self.tokens = tokens
        self.subrequest = subrequest
        self.realm = realm
        location = TokenLocation(cookie: cookie)
    }

    package var takesTokens: Bool { tokens != nil }

    package func decide(_ request: AccessRequest) async -> AccessDecision {
        var identity = ClientIdentity.anonymous
        if passwords != nil || tokens != nil {
            do throws(AccessDenial) {
                identity = try await authenticate(request)
            } catch {
                return .denied(error)
            }
        }
        guard let subrequest else { return .admitted(identity) }
        switch await subrequest.decide(request) {
        case .denied(let denial): return .denied(denial)
        case .admitted(let named):
            return .admitted(ClientIdentity(user: identity.user ?? named.user, expiresAt: identity.expiresAt))
        }
    }

    private func authenticate(_ request: AccessRequest) async throws(AccessDenial) -> ClientIdentity {
        let authorization = request.values(of: "authorization")
        guard authorization.count <= 1 else { throw unauthenticated("more than one Authorization header") }
        if let passwords, let value = authorization.first, value.lowercased().hasPrefix("basic") {
            return try await authenticate(value, passwords, network: request.network)
        }
        if let tokens, let token = location.token(in: request) {
            return try await authenticate(token, tokens)
        }
        throw unauthenticated("no credentials")
    }

    private func authenticate(
        _ authorization: String,
        _ passwords: PasswordGate,
        network: String?
    ) async throws(AccessDenial) -> ClientIdentity {
        guard let credentials = BasicCredentials(authorization: authorization) else {
            throw unauthenticated("malformed Basic credentials")
        }
        switch await passwords.judge(credentials, from: network) {
        case .right: return ClientIdentity(user: credentials.user)
        case .wrong: throw unauthenticated("wrong user or password")
        case .busy: throw AccessDenial(.undecided(retryAfter: 1), reason: "too many passwords wait to be checked")
        }
    }

    private func authenticate(
        _ token: String,
        _ tokens: TokenVerifier
    ) async throws(AccessDenial) -> ClientIdentity {
        do throws(TokenRefusal) {
            return try await tokens.identity(of: token)
        } catch {
            switch error {
            case .noKeys: throw AccessDenial(.undecided(retryAfter: 5), reason: "\(error)")
            // The token is good; its bearer may not.
            case .missingClaim: throw AccessDenial(.forbidden, reason: "\(error)")
            default: throw unauthenticated("\(error)", tokenIsWrong: true)
            }
        }
    }

    private func unauthenticated(_ reason: String, tokenIsWrong: Bool = false) -> AccessDenial {
        var challenges: [String] = []
        if passwords != nil { challenges.append("Basic realm=\"\(realm)\", charset=\"UTF-8\"") }
        if tokens != nil {
            // RFC 6750 section 3: a request without a token is told no more than that it needs one.
            challenges.append("Bearer realm=\"\(realm)\"" + (tokenIsWrong ? ", error=\"invalid_token\"" : ""))
        }
        return AccessDenial(.unauthenticated(challenges: challenges), reason: reason)
    }
}
