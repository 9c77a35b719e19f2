import Foundation
import JWTKit

/// Judges JSON Web Tokens (RFC 7519, with the advice of RFC 8725). Any thread; never on an event loop.
package struct TokenVerifier: Sendable {
    /// Longer tokens are refused unread, in bytes.
    static let longestToken = 8192
    /// How far a token's `nbf` may lie ahead: clocks differ.
    static let clockSkew: TimeInterval = 2

    private let source: any TokenKeySource
    private let audiences: [String]
    private let issuers: [String]
    private let claims: [RequiredClaim]
    private let cache = DecisionCache<ClientIdentity>()

    /// - Parameters:
    ///   - audiences: one of these must be in the token's `aud`; empty: it is not looked at.
    ///   - issuers: one of these must be its `iss`; empty: it is not looked at.
    ///   - claims: all of these must be met.
    package init(
        source: any TokenKeySource,
        audiences: [String] = [],
        issuers: [String] = [],
        claims: [RequiredClaim] = []
    ) {
        self.source = source
        self.audiences = audiences
        self.issuers = issuers
        self.claims = claims
    }

    /// Who the bearer of a token is.
    func identity(of token: String, now: Date = Date()) async throws(TokenRefusal) -> ClientIdentity {
        let header = try TokenHeader(of: token)
        let generation = await source.generation()
        let key = cache.key([generation, token])
        if let known = cache[key] {
            guard known.expiresAt.map({ $0 > Self.milliseconds(now) }) ?? true else { throw .expired }
            return known
        }
        let identity = try judge(try await verifiedClaims(of: token, header), now: now)
        cache.remember(identity, for: key, until: .now + .seconds(60))
        return identity
    }

    private func verifiedClaims(of token: String, _ header: TokenHeader) async throws(TokenRefusal) -> TokenClaims {
        let keys: TokenKeySet
        do throws(AccessUnavailable) {
            keys = try await source.keySet { keys in
                TokenKey.publicAlgorithms.contains(header.alg)
                    && keys.candidates(identifier: header.kid, algorithm: header.alg).isEmpty
            }
        } catch {
            throw .noKeys(error.reason)
        }
        let candidates = keys.candidates(identifier: header.kid, algorithm: header.alg)
        if candidates.isEmpty {
            throw keys.keys.contains { $0.algorithms.contains(header.alg) } ? .unknownKey : .algorithm(header.alg)
        }
        for key in candidates {
            if let claims = try? await key.claims(of: token, algorithm: header.alg) { return claims }
        }
        throw .signature
    }

    private func judge(_ claims: TokenClaims, now: Date) throws(TokenRefusal) -> ClientIdentity {
        let members = claims.members
        let expiry = try Self.time(members["exp"], "exp")
        if let expiry, expiry <= now.timeIntervalSince1970 { throw .expired }
        if let begin = try Self.time(members["nbf"], "nbf"), begin > now.timeIntervalSince1970 + Self.clockSkew {
            throw .notYetValid
        }
        if !audiences.isEmpty {
            let named: [ClaimValue] =
                switch members["aud"] {
                case .list(let items): items
                case .some(let one): [one]
                case nil: []
                }
            guard named.contains(where: { name in audiences.contains { .text($0) == name } }) else { throw .audience }
        }
        if !issuers.isEmpty {
            guard issuers.contains(where: { .text($0) == members["iss"] }) else { throw .issuer }
        }
        for claim in self.claims where !claim.isMet(by: claims) { throw .missingClaim(claim.name) }
        var user: String?
        if case .text(let subject)? = members["sub"] { user = subject }
        return ClientIdentity(
            user: user,
            expiresAt: expiry.map { Self.milliseconds(Date(timeIntervalSince1970: $0)) }
        )
    }

    /// A `NumericDate` (RFC 7519 section 2).
    private static func time(_ value: ClaimValue?, _ name: String) throws(TokenRefusal) -> TimeInterval? {
        switch value {
        case nil: return nil
        case .number(let seconds): return seconds
        default: throw .malformed("\(name) is no number")
        }
    }

    /// Clamped to what the calendar of any bridge will see.
    private static func milliseconds(_ date: Date) -> Int64 {
        Int64(min(max(date.timeIntervalSince1970 * 1000, 0), 1e15))
    }
}

/// The parts of a token's header that decide how it is checked (RFC 7515 section 4.1).
struct TokenHeader: Decodable, Equatable {
    let alg: String
    let kid: String?

    private enum Names: String, CodingKey {
        case alg, kid, crit
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Names.self)
        alg = try container.decode(String.self, forKey: .alg)
        kid = try container.decodeIfPresent(String.self, forKey: .kid)
        // Extensions that must be understood: none is here (RFC 7515 section 4.1.11).
        guard !container.contains(.crit) else { throw TokenRefusal.malformed("it has extensions (crit)") }
    }

    /// Looks at the form of the whole token too: three parts in base64url without padding, so that every token has one
    /// spelling.
    init(of token: String) throws(TokenRefusal) {
        guard token.utf8.count <= TokenVerifier.longestToken else { throw .malformed("it is too long") }
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .malformed("it has not three parts") }
        guard parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(Self.isBase64URL) && Self.isCanonical($0) }) else {
            throw .malformed("it is not base64url")
        }
        do {
            guard let header = Self.decoded(parts[0]) else {
                throw TokenRefusal.malformed("its header is no base64url")
            }
            self = try JSONDecoder().decode(TokenHeader.self, from: header)
        } catch let refusal as TokenRefusal {
            throw refusal
        } catch {
            throw .malformed("its header is no JSON object with alg")
        }
    }

    /// RFC 4648 section 5, without padding.
    private static func decoded(_ part: String.UTF8View.SubSequence) -> Data? {
        var base64 = Data(part)
        for index in base64.indices {
            switch base64[index] {
            case UInt8(ascii: "-"): base64[index] = UInt8(ascii: "+")
            case UInt8(ascii: "_"): base64[index] = UInt8(ascii: "/")
            default: break
            }
        }
        base64.append(contentsOf: Array(repeating: UInt8(ascii: "="), count: (4 - base64.count % 4) % 4))
        return Data(base64Encoded: base64)
    }

    /// Whether the bits of the last character that belong to no byte are zero (RFC 4648 section 3.5): decoders pass over
    /// them, and the end of a signature would have several spellings.
    private static func isCanonical(_ part: String.UTF8View.SubSequence) -> Bool {
        switch part.count % 4 {
        case 0: true
        case 2: part.last.map("AQgw".utf8.contains) ?? false
        case 3: part.last.map("AEIMQUYcgkosw048".utf8.contains) ?? false
        default: false
        }
    }

    private static func isBase64URL(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
