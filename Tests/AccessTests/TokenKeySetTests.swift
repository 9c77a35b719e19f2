import Foundation
import Synchronization
import Testing

@testable import Access

@Suite("Keys that tokens are signed with")
struct TokenKeySetTests {
    @Test("those for other purposes and of unknown kinds are passed over")
    func otherKeys() throws {
        let pair = try Signer.p256()
        let others = [
            #"{"kty":"oct","k":"c2VjcmV0","kid":"p"}"#, #"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#,
            #"{"kty":"OKP","crv":"X25519","x":"AA"}"#, #"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#, "{}", "5", "null",
            #"{"kty":5}"#, pair.member.replacing(#""use":"sig""#, with: #""use":"enc""#),
            pair.member.replacing(#""use":"sig""#, with: #""key_ops":["sign"]"#),
            pair.member.replacing(#""use":"sig""#, with: #""alg":"ES512""#),
        ]
        let set = try TokenKeySet(jwks: #"{"keys":[\#((others + [pair.member]).joined(separator: ","))]}"#.utf8)
        #expect(set.keys.count == 1)
        #expect(set.keys.first?.algorithms == ["ES256"])
    }

    @Test("a set without any is refused, and so is what is none")
    func unusable() {
        for (text, error) in [
            (#"{"keys":[]}"#, .noUsableKey), (#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#, .noUsableKey),
            ("{}", .noKeySet), ("[]", .noKeySet), ("", .noKeySet), (#"{"keys":{}}"#, .noKeySet),
            ("<html>", .noKeySet), (String(repeating: " ", count: 1 << 20) + " {}", .noKeySet),
        ] as [(String, TokenKeyError)] {
            #expect(throws: error) { try TokenKeySet(jwks: text.utf8) }
        }
        for pem in ["", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"] {
            #expect(throws: TokenKeyError.noPublicKey) { try TokenKeySet(pem: pem.utf8) }
        }
        #expect(throws: TokenKeyError.emptySecret) { try TokenKeySet(secret: "") }
    }

    /// What a provider answers, changed as the test goes on.
    private final class Provider: Sendable {
        private let state: Mutex<(answer: AccessAnswer, count: Int)>

        init(_ members: String...) {
            state = Mutex((Self.answer(members), 0))
        }

        var count: Int { state.withLock { $0.count } }

        func publish(_ members: String...) {
            state.withLock { $0.answer = Self.answer(members) }
        }

        func fail() {
            state.withLock { $0.answer = AccessAnswer(status: 500) }
        }

        func fetch() -> AccessAnswer {
            state.withLock { state in
                state.count += 1
                return state.answer
            }
        }

        private static func answer(_ members: [String]) -> AccessAnswer {
            AccessAnswer(status: 200, body: Array(#"{"keys":[\#(members.joined(separator: ","))]}"#.utf8))
        }
    }

    private func verifier(_ provider: Provider) -> TokenVerifier {
        let keys = RemoteTokenKeys(url: "https://id.example/keys", spacing: .zero) { _ in provider.fetch() }
        return TokenVerifier(source: keys)
    }

    @Test("are fetched once for many tokens")
    func fetchedOnce() async throws {
        let pair = try Signer.p256()
        let provider = Provider(pair.member)
        let verifier = verifier(provider)
        await withTaskGroup(of: Bool.self) { group in
            for number in 0..<50 {
                let token = try? pair.token(#"{"sub":"\#(number)"}"#, kid: "p")
                group.addTask { (try? await verifier.identity(of: token ?? ""))?.user == "\(number)" }
            }
            for await isRight in group { #expect(isRight) }
        }
        #expect(provider.count == 1)
    }

    @Test("may change at any time, and tokens of the old ones are refused from then on")
    func rotation() async throws {
        let (old, new) = (try Signer.p256(kid: "1"), try Signer.p256(kid: "2"))
        let provider = Provider(old.member)
        let verifier = verifier(provider)
        let token = try old.token("{}", kid: "1")
        _ = try await verifier.identity(of: token)
        provider.publish(new.member)
        _ = try await verifier.identity(of: try new.token("{}", kid: "2"))
        await #expect(throws: TokenRefusal.unknownKey) { _ = try await verifier.identity(of: token) }
    }

    @Test("stay in use while the provider is down, and are asked for again")
    func outage() async throws {
        let pair = try Signer.p256()
        let provider = Provider(pair.member)
        provider.fail()
        let verifier = verifier(provider)
        let token = try pair.token("{}", kid: "p")
        await #expect(throws: TokenRefusal.noKeys("the answer is 500")) { _ = try await verifier.identity(of: token) }
        provider.publish(pair.member)
        _ = try await verifier.identity(of: token)
        provider.fail()
        await #expect(throws: TokenRefusal.unknownKey) {
            _ = try await verifier.identity(of: try pair.token("{}", kid: "unknown"))
        }
        _ = try await verifier.identity(of: try pair.token(#"{"sub":"new"}"#, kid: "p"))
    }

    @Test("are not asked for again by tokens that no public key could have signed")
    func needlessFetches() async throws {
        let provider = Provider(try Signer.p256().member)
        let verifier = verifier(provider)
        for _ in 0..<5 {
            await #expect(throws: TokenRefusal.algorithm("HS256")) {
                _ = try await verifier.identity(of: Signer.hmac("{}", secret: "x"))
            }
        }
        #expect(provider.count == 1)
    }
}
