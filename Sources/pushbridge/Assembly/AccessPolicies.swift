import Access
import BridgeConfiguration
import Foundation
import Gateway
import Logging
import Polling
import Synchronization

/// Makes the policies behind the access rules of configurations. What they share outlives a reload: the threads that
/// check passwords, and the keys that were fetched.
final class AccessPolicies: Sendable {
    private let poller: Poller
    private let logger: Logger
    private let workers = PasswordWorkers()
    private let remoteKeys = Mutex<[String: RemoteTokenKeys]>([:])

    init(poller: Poller, logger: Logger) {
        self.poller = poller
        self.logger = logger
    }

    /// The policies of a configuration by their rules; rules that ask for no credentials have none. Reads the files that
    /// are named; blocks.
    ///
    /// - Throws: ``UnusableFile``: somebody changed it after the configuration had been validated.
    func policies(for configuration: BridgeConfiguration) throws(UnusableFile) -> [AccessRules: AccessPolicy] {
        var policies: [AccessRules: AccessPolicy] = [:]
        let all = [configuration.access, configuration.admin?.access].compactMap(\.self)
        for rules in all + configuration.routes.compactMap(\.access) where rules.asksForCredentials {
            if policies[rules] == nil { policies[rules] = try policy(rules) }
        }
        return policies
    }

    private func policy(_ rules: AccessRules) throws(UnusableFile) -> AccessPolicy {
        var passwords: PasswordGate?
        if let basic = rules.basic {
            passwords = PasswordGate(users: try CredentialFile.users(basic.file), workers: workers)
        }
        var tokens: TokenVerifier?
        if let jwt = rules.jwt {
            tokens = TokenVerifier(
                source: try source(jwt.keys),
                audiences: jwt.audience,
                issuers: jwt.issuer,
                claims: jwt.claims.map(RequiredClaim.init)
            )
        }
        return AccessPolicy(
            passwords: passwords,
            tokens: tokens,
            subrequest: rules.request.map {
                SubrequestGate(url: $0.url, timeout: $0.timeout, cacheTime: $0.cache, fetch: fetch)
            },
            cookie: rules.jwt?.cookie ?? TokenRules.standardCookie,
            realm: rules.basic?.realm ?? PasswordRules.standardRealm
        )
    }

    private func source(_ keys: TokenRules.Keys) throws(UnusableFile) -> any TokenKeySource {
        switch keys {
        case .secret(let secret):
            if secret.utf8.count < 32 {
                logger.warning(
                    "the secret of jwt.hs256 is short: who has one token can guess it. Use 32 random bytes or more"
                )
            }
            do throws(TokenKeyError) {
                return FixedTokenKeys(try TokenKeySet(secret: secret))
            } catch {
                throw UnusableFile(file: "hs256", reason: "\(error)")
            }
        case .publicKey(let file): return FixedTokenKeys(try CredentialFile.publicKey(file))
        case .keySetFile(let file): return FixedTokenKeys(try CredentialFile.keySet(file))
        case .keySetURL(let url):
            return remoteKeys.withLock { known in
                if let keys = known[url] { return keys }
                let keys = RemoteTokenKeys(url: url, fetch: fetch)
                known[url] = keys
                return keys
            }
        }
    }

    private var fetch: AccessFetch.Function {
        { [poller] request in
            var fetch = FetchRequest(
                url: request.url,
                headers: request.headers,
                timeout: request.timeout,
                maxBody: request.maximumBody
            )
            // A login page that a redirect leads to is no consent.
            fetch.followsRedirects = false
            let answer = try await poller.fetch(fetch)
            return AccessAnswer(status: answer.status, headers: answer.headers, body: answer.body)
        }
    }
}

extension RequiredClaim {
    fileprivate init(_ claim: TokenRules.Claim) {
        self.init(
            name: claim.name,
            values: claim.values.map { value in
                switch value {
                case .text(let text): .text(text)
                case .number(let number): .number(number)
                case .boolean(let boolean): .boolean(boolean)
                }
            }
        )
    }
}
