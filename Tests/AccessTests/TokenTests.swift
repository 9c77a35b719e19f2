import Foundation
import Testing

@testable import Access

@Suite("A token")
struct TokenTests {
    private let secret = "0123456789abcdef0123456789abcdef"
    private let now = Date(timeIntervalSince1970: 1_800_000_000)

    private func verifier(
        _ keys: TokenKeySet,
        audiences: [String] = [],
        issuers: [String] = [],
        claims: [RequiredClaim] = []
    ) -> TokenVerifier {
        TokenVerifier(source: FixedTokenKeys(keys), audiences: audiences, issuers: issuers, claims: claims)
    }

    private func hmacVerifier(claims: [RequiredClaim] = []) throws -> TokenVerifier {
        verifier(try TokenKeySet(secret: secret), claims: claims)
    }

    private func refusal(_ token: String, _ verifier: TokenVerifier) async -> TokenRefusal? {
        do throws(TokenRefusal) {
            _ = try await verifier.identity(of: token, now: now)
            return nil
        } catch {
            return error
        }
    }

    private func keySet(_ members: String...) throws -> TokenKeySet {
        try TokenKeySet(jwks: #"{"keys":[\#(members.joined(separator: ","))]}"#.utf8)
    }

    // MARK: Signatures

    @Test("signed with the shared secret says who its bearer is and until when")
    func sharedSecret() async throws {
        let token = Signer.hmac(#"{"sub":"ada","exp":1800000060}"#, secret: secret)
        let identity = try await hmacVerifier().identity(of: token, now: now)
        #expect(identity == ClientIdentity(user: "ada", expiresAt: 1_800_000_060_000))
        let short = verifier(try TokenKeySet(secret: "short"))
        #expect(try await short.identity(of: Signer.hmac("{}", secret: "short"), now: now) == .anonymous)
    }

    @Test("signed with a key of a key set is accepted, by kid and without")
    func keySets() async throws {
        let (p256, ed25519) = (try Signer.p256(), try Signer.ed25519())
        let (rsa, pss, sha512) = (
            try await Signer.rsa(), try await Signer.rsa(algorithm: "PS256"), try await Signer.rsa(algorithm: "RS512")
        )
        let verifier = verifier(try keySet(p256.member, ed25519.member, rsa.member))
        for (pair, kid) in [(p256, "p"), (ed25519, "e"), (rsa, "r"), (pss, "r"), (sha512, "r")] {
            for kid in [kid, nil] {
                let token = try pair.token(#"{"sub":"ada"}"#, kid: kid)
                #expect(try await verifier.identity(of: token, now: now).user == "ada")
            }
        }
    }

    @Test("signed with the key of a PEM file is accepted")
    func pem() async throws {
        for pair in [try Signer.p256(), try Signer.ed25519(), try await Signer.rsa()] {
            let verifier = verifier(try TokenKeySet(pem: pair.pem.utf8))
            #expect(try await verifier.identity(of: pair.token("{}", kid: "any"), now: now) == .anonymous)
        }
    }

    @Test("signed with another key is refused, whatever kid it names")
    func otherKeys() async throws {
        let (own, other) = (try Signer.p256(), try Signer.p256())
        let verifier = verifier(try keySet(own.member))
        #expect(await refusal(try other.token("{}", kid: "p"), verifier) == .signature)
        #expect(await refusal(try other.token("{}"), verifier) == .signature)
        #expect(await refusal(try own.token("{}", kid: "q"), verifier) == .unknownKey)
        let hmac = try hmacVerifier()
        #expect(await refusal(Signer.hmac("{}", secret: secret + "x"), hmac) == .signature)
    }

    @Test("changed by one character is refused")
    func tampering() async throws {
        let pair = try Signer.p256()
        let verifier = verifier(try keySet(pair.member))
        let token = try pair.token(#"{"sub":"ada","role":"user"}"#)
        for index in token.indices {
            var changed = token
            changed.replaceSubrange(index...index, with: token[index] == "A" ? "B" : "A")
            #expect(
                await refusal(changed, verifier) != nil,
                "changed at \(token.distance(from: token.startIndex, to: index))"
            )
        }
    }

    @Test("has one spelling: the last character's spare bits are zero")
    func spelling() async throws {
        let pair = try Signer.p256()
        let verifier = verifier(try keySet(pair.member))
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let token = try pair.token("{}")
        // 64 bytes: four bits of the last of 86 characters are spare.
        let last = try #require(token.last.flatMap { alphabet.firstIndex(of: $0) })
        for spare in 1..<16 {
            let respelled = token.dropLast() + String(alphabet[last + spare])
            #expect(await refusal(String(respelled), verifier) == .malformed("it is not base64url"))
        }
        #expect(await refusal(token, verifier) == nil)
    }

    // MARK: Confusion

    @Test("without a signature is refused, however alg says so", arguments: ["none", "None", "NONE", "nOnE", ""])
    func unsigned(algorithm: String) async throws {
        let head = Signer.base64URL(Data(#"{"alg":"\#(algorithm)"}"#.utf8))
        let claims = Signer.base64URL(Data(#"{"sub":"ada"}"#.utf8))
        for token in ["\(head).\(claims).", "\(head).\(claims).AA", "\(head).\(claims)"] {
            #expect(await refusal(token, try hmacVerifier()) != nil)
            #expect(await refusal(token, verifier(try keySet(Signer.p256().member))) != nil)
        }
    }

    @Test("signed by HMAC with a public key's text is refused")
    func publicKeyAsSecret() async throws {
        let rsa = try await Signer.rsa()
        let verifiers = [verifier(try keySet(rsa.member)), verifier(try TokenKeySet(pem: rsa.pem.utf8))]
        for verifier in verifiers {
            for secret in [rsa.pem, rsa.pem + "\n", rsa.member] {
                let token = Signer.hmac("{}", secret: secret, header: #"{"alg":"HS256","kid":"r"}"#)
                #expect(await refusal(token, verifier) == .algorithm("HS256"))
                // The right algorithm's name over the wrong one's signature.
                let disguised = Signer.hmac("{}", secret: secret, header: #"{"alg":"RS256","kid":"r"}"#)
                #expect(await refusal(disguised, verifier) == .signature)
            }
        }
    }

    @Test("may not bring its own key, or demand what nobody here understands")
    func headers() async throws {
        let (own, other) = (try Signer.p256(), try Signer.p256(kid: "q"))
        let verifier = verifier(try keySet(own.member))
        let jwk = #"{"alg":"ES256","jwk":\#(other.member.replacing("\n", with: ""))}"#
        #expect(await refusal(try other.token("{}", header: jwk), verifier) == .signature)
        let jku = #"{"alg":"ES256","jku":"https://evil.example/keys","x5u":"https://evil.example/"}"#
        #expect(await refusal(try other.token("{}", header: jku), verifier) == .signature)
        let crit = #"{"alg":"ES256","crit":["b64"],"b64":false}"#
        #expect(await refusal(try own.token("{}", header: crit), verifier) == .malformed("it has extensions (crit)"))
    }

    @Test("is for one algorithm alone where its key says so")
    func keysWithAlgorithm() async throws {
        let (rs256, rs512) = (try await Signer.rsa(), try await Signer.rsa(algorithm: "RS512"))
        let named = rs256.member.replacing(#""kty""#, with: #""alg":"RS256","kty""#)
        let verifier = verifier(try keySet(named))
        #expect(await refusal(try rs256.token("{}"), verifier) == nil)
        #expect(await refusal(try rs512.token("{}"), verifier) == .algorithm("RS512"))
    }

    // MARK: Form

    @Test(
        "that is malformed is refused",
        arguments: [
            "", ".", "..", "...", "a", "a.b", "a.b.c", "a.b.c.d", "a.b.c.d.e", "e30.e30.e30", "e30=.e30=.e30=",
            "eyJhbGciOiJIUzI1NiJ9.e30", "eyJhbGciOiJIUzI1NiJ9.e30.", "eyJhbGciOiJIUzI1NiJ9..AA",
            "eyJhbGciOiJIUzI1NiJ9.e30.A+/=", "eyJhbGciOiJIUzI1NiJ9.e30.\u{0}", "eyJhbGciOiJIUzI1NiJ9.e30.é",
            "W10.e30.AA", "bnVsbA.e30.AA", "eyJhbGciOjV9.e30.AA", "eyJhbGciOlsiSFMyNTYiXX0.e30.AA",
            "eyJhbGciOiJIUzI1NiIsImtpZCI6NX0.e30.AA", " eyJhbGciOiJIUzI1NiJ9.e30.AA",
        ]
    )
    func malformed(token: String) async throws {
        #expect(await refusal(token, try hmacVerifier()) != nil)
    }

    @Test("is refused where its claims are no object, nested without end, or absurd")
    func absurdClaims() async throws {
        let verifier = try hmacVerifier()
        for claims in [
            "[]", "null", "5", "", "{", #"{"sub":}"#, String(repeating: #"{"a":"#, count: 1000),
            #"{"exp":"soon"}"#, #"{"exp":true}"#, #"{"exp":null}"#, #"{"nbf":[]}"#, #"{"exp":-1}"#, #"{"exp":0}"#,
            #"{"exp":1e-300}"#, #"{"nbf":1e300}"#,
        ] {
            #expect(await refusal(Signer.hmac(claims, secret: secret), verifier) != nil, "\(claims.prefix(40))")
        }
        // Numbers that no calendar has, and an empty audience, end nothing but the token's say.
        let far = try await verifier.identity(of: Signer.hmac(#"{"exp":1e300}"#, secret: secret), now: now)
        #expect(far.expiresAt ?? 0 > 1_800_000_000_000)
        _ = try await verifier.identity(of: Signer.hmac(#"{"aud":[],"sub":5}"#, secret: secret), now: now)
        let header = #"{"alg":"HS256","x":1e300,"kid":"\#(String(repeating: "k", count: 4000))"}"#
        _ = try await verifier.identity(of: Signer.hmac("{}", secret: secret, header: header), now: now)
    }

    @Test("that is too long is refused unread")
    func tooLong() async throws {
        let token = Signer.hmac(#"{"x":"\#(String(repeating: "x", count: 9000))"}"#, secret: secret)
        #expect(await refusal(token, try hmacVerifier()) == .malformed("it is too long"))
    }

    @Test("never gets what it holds into the log")
    func harmlessReasons() async throws {
        for algorithm in ["HS256\\nroot logged in", String(repeating: "A", count: 500), "\\u001b[2J"] {
            let token = Signer.hmac("{}", secret: secret, header: #"{"alg":"\#(algorithm)"}"#)
            let words = await refusal(token, try hmacVerifier())?.description
            #expect(words == "the token is signed with an unknown algorithm, which no key here is for")
        }
    }

    // MARK: Claims

    @Test("is good from nbf, give or take two seconds, until exp")
    func times() async throws {
        let verifier = try hmacVerifier()
        for (claims, expected) in [
            (#"{"exp":1800000001}"#, nil), (#"{"exp":1800000000}"#, .expired), (#"{"exp":1799999999.5}"#, .expired),
            (#"{"nbf":1800000000}"#, nil), (#"{"nbf":1800000002}"#, nil), (#"{"nbf":1800000003}"#, .notYetValid),
        ] as [(String, TokenRefusal?)] {
            #expect(await refusal(Signer.hmac(claims, secret: secret), verifier) == expected, "\(claims)")
        }
    }

    @Test("expires also where it was accepted a moment ago")
    func expiryAfterAcceptance() async throws {
        let verifier = try hmacVerifier()
        let token = Signer.hmac(#"{"exp":1800000001}"#, secret: secret)
        _ = try await verifier.identity(of: token, now: now)
        await #expect(throws: TokenRefusal.expired) {
            _ = try await verifier.identity(of: token, now: now.addingTimeInterval(1))
        }
    }

    @Test("must be for this audience and from this issuer")
    func audienceAndIssuer() async throws {
        let verifier = verifier(
            try TokenKeySet(secret: secret),
            audiences: ["bridge", "all"],
            issuers: ["https://id.example"]
        )
        func refusal(_ claims: String) async -> TokenRefusal? {
            await self.refusal(Signer.hmac(claims, secret: secret), verifier)
        }
        let issuer = #""iss":"https://id.example""#
        #expect(await refusal(#"{"aud":"bridge",\#(issuer)}"#) == nil)
        #expect(await refusal(#"{"aud":["x","all"],\#(issuer)}"#) == nil)
        for audience in [#""Bridge""#, "[]", "5", "null", #"["bridges"]"#, #"{"bridge":true}"#] {
            #expect(await refusal(#"{"aud":\#(audience),\#(issuer)}"#) == .audience)
        }
        #expect(await refusal("{\(issuer)}") == .audience)
        for other in [#","iss":"https://id.example/""#, #","iss":["https://id.example"]"#, ""] {
            #expect(await refusal(#"{"aud":"bridge"\#(other)}"#) == .issuer)
        }
    }

    @Test("must have the claims that are required")
    func requiredClaims() async throws {
        let verifier = try hmacVerifier(claims: [
            RequiredClaim(name: "role", values: [.text("admin"), .text("editor")]),
            RequiredClaim(name: "/realm/a~1b", values: [.number(3), .boolean(true)]),
            RequiredClaim(name: "scope", values: [.text("read")]),
        ])
        func refusal(_ role: String, _ realm: String, _ scope: String) async -> TokenRefusal? {
            let claims = #"{"role":\#(role),"realm":\#(realm),"scope":\#(scope)}"#
            return await self.refusal(Signer.hmac(claims, secret: secret), verifier)
        }
        let (realm, scope) = (#"{"a/b":3}"#, #""write read""#)
        #expect(await refusal(#""admin""#, realm, scope) == nil)
        #expect(await refusal(#"["user","editor"]"#, #"{"a/b":[true]}"#, #""read""#) == nil)
        for role in [#""user""#, #""admin editor""#, "[]", "null", #"{"admin":true}"#] {
            #expect(await refusal(role, realm, scope) == .missingClaim("role"))
        }
        for realm in ["{}", #"{"a/b":"3"}"#, "5", #"{"a~1b":3}"#] {
            #expect(await refusal(#""admin""#, realm, scope) == .missingClaim("/realm/a~1b"))
        }
        #expect(await refusal(#""admin""#, realm, #""reading""#) == .missingClaim("scope"))
    }
}
