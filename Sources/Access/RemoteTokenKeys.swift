/// The keys behind a URL (`jwks_uri` of an identity provider): fetched when first needed, again when they are old, and at
/// once when a token is signed with one that is not among them, so that keys can be changed at any time.
package actor RemoteTokenKeys: TokenKeySource {
    private let url: String
    private let fetch: AccessFetch.Function
    /// Between two fetches: strangers can ask for keys that nobody has.
    private let spacing: Duration
    private var keys: TokenKeySet?
    private var body: [UInt8] = []
    private var changes = 0
    private var failure = "not asked yet"
    private var freshUntil = ContinuousClock.now
    private var lastAttempt: ContinuousClock.Instant?
    private var fetching: Task<Void, Never>?

    /// How long keys are used before they are asked for again, where the answer does not say.
    private static let standardLifetime = Duration.seconds(600)

    package init(
        url: String,
        spacing: Duration = .seconds(2),
        fetch: @escaping AccessFetch.Function
    ) {
        self.url = url
        self.spacing = spacing
        self.fetch = fetch
    }

    package func generation() -> String { String(changes) }

    package func keySet(
        isOutdated: @Sendable (TokenKeySet) -> Bool
    ) async throws(AccessUnavailable) -> TokenKeySet {
        if let keys, !isOutdated(keys) {
            // Old keys are good enough for this token: the newer ones are for the next.
            if freshUntil < .now { _ = refresh() }
            return keys
        }
        await refresh().value
        guard let keys else { throw AccessUnavailable(reason: failure) }
        return keys
    }

    /// Everybody who needs newer keys waits for the same fetch.
    private func refresh() -> Task<Void, Never> {
        if let fetching { return fetching }
        let task = Task { await fetchNow() }
        fetching = task
        return task
    }

    private func fetchNow() async {
        if let lastAttempt { try? await Task.sleep(until: lastAttempt + spacing, clock: .continuous) }
        defer {
            lastAttempt = .now
            fetching = nil
        }
        do {
            let answer = try await fetch(
                AccessFetch(
                    url: url,
                    headers: [(name: "Accept", value: "application/jwk-set+json, application/json")],
                    timeout: .seconds(10),
                    maximumBody: TokenKeySet.largestFile
                )
            )
            guard answer.status == 200 else { throw AccessUnavailable(reason: "the answer is \(answer.status)") }
            let lifetime = answer.lifetime ?? Self.standardLifetime
            freshUntil = .now + min(max(lifetime, .seconds(60)), .seconds(86_400))
            guard answer.body != body else { return }
            keys = try TokenKeySet(jwks: answer.body)
            body = answer.body
            changes += 1
        } catch {
            // The keys that are there stay in use.
            freshUntil = .now + .seconds(10)
            failure = (error as? AccessUnavailable)?.reason ?? "\(error)"
        }
    }
}
