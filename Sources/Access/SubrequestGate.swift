import Synchronization

/// Asks another server whether a request may come in, as `auth_request` and `forward_auth` of web servers do: 2xx lets it
/// in. Any thread.
package final class SubrequestGate: Sendable {
    private let url: String
    private let timeout: Duration
    private let cacheTime: Duration
    private let fetch: AccessFetch.Function
    private let cache = DecisionCache<AccessDecision>()
    private let underWay = Atomic<Int>(0)

    /// More questions than these at one time are not asked.
    private static let mostUnderWay = 1000

    /// - Parameters:
    ///   - cacheTime: how long an answer is used again for the same question, where its `Cache-Control` does not say.
    package init(url: String, timeout: Duration, cacheTime: Duration, fetch: @escaping AccessFetch.Function) {
        self.url = url
        self.timeout = timeout
        self.cacheTime = cacheTime
        self.fetch = fetch
    }

    func decide(_ request: AccessRequest) async -> AccessDecision {
        let question = Self.headers(for: request)
        let key = cache.key(question.flatMap { [$0.name, $0.value] })
        if let known = cache[key] { return known }
        defer { underWay.subtract(1, ordering: .relaxed) }
        guard underWay.add(1, ordering: .relaxed).newValue <= Self.mostUnderWay else {
            return .denied(AccessDenial(.undecided(retryAfter: 1), reason: "too many sub-requests are under way"))
        }
        let answer: AccessAnswer
        do {
            answer = try await fetch(
                AccessFetch(url: url, headers: question, timeout: timeout, maximumBody: 64 * 1024)
            )
        } catch {
            return .denied(AccessDenial(.undecided(retryAfter: 5), reason: "the sub-request failed: \(error)"))
        }
        let decision = Self.decision(answer)
        if case .denied(let denial) = decision, case .undecided = denial.answer { return decision }
        let lifetime = answer.lifetime ?? cacheTime
        if lifetime > .zero { cache.remember(decision, for: key, until: .now + lifetime) }
        return decision
    }

    private static func decision(_ answer: AccessAnswer) -> AccessDecision {
        let reason = "the sub-request was answered with \(answer.status)"
        switch answer.status {
        case 200..<300:
            // The names that oauth2-proxy, Authelia and web servers give it.
            let user = ["remote-user", "x-auth-request-user", "x-forwarded-user"].lazy
                .compactMap { answer.value(of: $0) }.first { !$0.isEmpty }
            return .admitted(ClientIdentity(user: user))
        case 401:
            let challenges = answer.headers.filter { $0.name.lowercased() == "www-authenticate" }.map(\.value)
            return .denied(AccessDenial(.unauthenticated(challenges: challenges), reason: reason))
        case 300..<500: return .denied(AccessDenial(.forbidden, reason: reason))
        default: return .denied(AccessDenial(.undecided(retryAfter: 5), reason: reason))
        }
    }

    /// The client's own headers, without those that belong to its connection or say how the answer should look, and
    /// where it came from in the words of other proxies. What a client says of these itself is left out.
    private static func headers(for request: AccessRequest) -> [(name: String, value: String)] {
        var headers = request.headers.filter { header in
            // Many servers know `X_Original_URI` and `X-Original-URI` as one (RFC 3875 section 4.1.18).
            let name = header.name.lowercased().replacing("_", with: "-")
            return !connectionHeaders.contains(name) && !name.hasPrefix("x-forwarded-")
                && !name.hasPrefix("x-original-")
        }
        headers.append((name: "X-Original-Method", value: request.method))
        headers.append((name: "X-Original-URI", value: request.target))
        headers.append((name: "X-Forwarded-Method", value: request.method))
        headers.append((name: "X-Forwarded-Uri", value: request.target))
        headers.append((name: "X-Forwarded-Proto", value: request.isSecure ? "https" : "http"))
        if let host = request.values(of: "host").first { headers.append((name: "X-Forwarded-Host", value: host)) }
        if let address = request.address {
            headers.append((name: "X-Forwarded-For", value: address))
            headers.append((name: "X-Real-IP", value: address))
        }
        return headers
    }

    private static let connectionHeaders: Set<String> = [
        "accept", "accept-encoding", "connection", "content-length", "content-type", "expect", "forwarded", "host",
        "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "keep-alive",
        "last-event-id", "prefer", "proxy-authorization", "proxy-connection", "range", "sec-websocket-accept",
        "sec-websocket-extensions", "sec-websocket-key", "sec-websocket-version", "te", "trailer",
        "transfer-encoding", "upgrade", "x-real-ip", "remote-user", "http2-settings",
    ]
}
