import Crypto
import Foundation
import Testing

/// Signs tokens as an identity provider does.
enum TokenIssuer {
    static let secret = "0123456789abcdef0123456789abcdef"

    static func base64URL(_ bytes: some DataProtocol) -> String {
        Data(bytes).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// What is signed: header and claims.
    static func content(_ header: String, _ claims: String) -> String {
        "\(base64URL(Data(header.utf8))).\(base64URL(Data(claims.utf8)))"
    }

    /// HS256.
    static func shared(
        _ claims: String,
        secret: String = secret,
        header: String = #"{"alg":"HS256","typ":"JWT"}"#
    ) -> String {
        let content = content(header, claims)
        let code = HMAC<SHA256>.authenticationCode(
            for: Data(content.utf8),
            using: SymmetricKey(data: Data(secret.utf8))
        )
        return "\(content).\(base64URL(Data(code)))"
    }

    /// HS256 for somebody, good for so many seconds from now.
    static func shared(user: String, seconds: Double = 600) -> String {
        shared(#"{"sub":"\#(user)","exp":\#(Date().timeIntervalSince1970 + seconds)}"#)
    }
}

/// A key pair of the kind that key sets publish, as `openssl` and Swift Crypto make them.
struct TokenKeyPair: Sendable {
    let identifier: String
    let algorithm: String
    /// The public half, as a member of a key set.
    let member: String
    private let sign: @Sendable (Data) async throws -> Data

    func token(_ claims: String = #"{"sub":"ada"}"#) async throws -> String {
        let content = TokenIssuer.content(#"{"alg":"\#(algorithm)","kid":"\#(identifier)"}"#, claims)
        return "\(content).\(TokenIssuer.base64URL(try await sign(Data(content.utf8))))"
    }

    static func p256(_ identifier: String) -> TokenKeyPair {
        let key = P256.Signing.PrivateKey()
        let point = key.publicKey.rawRepresentation
        let (x, y) = (TokenIssuer.base64URL(point.prefix(32)), TokenIssuer.base64URL(point.suffix(32)))
        return TokenKeyPair(
            identifier: identifier,
            algorithm: "ES256",
            member: #"{"kty":"EC","crv":"P-256","kid":"\#(identifier)","x":"\#(x)","y":"\#(y)"}"#
        ) { try key.signature(for: $0).rawRepresentation }
    }

    static func ed25519(_ identifier: String) -> TokenKeyPair {
        let key = Curve25519.Signing.PrivateKey()
        let x = TokenIssuer.base64URL(key.publicKey.rawRepresentation)
        return TokenKeyPair(
            identifier: identifier,
            algorithm: "EdDSA",
            member: #"{"kty":"OKP","crv":"Ed25519","kid":"\#(identifier)","x":"\#(x)"}"#
        ) { try key.signature(for: $0) }
    }

    static func rsa(_ identifier: String) async throws -> TokenKeyPair {
        let folder = try TemporaryFolder()
        let key = folder.url.appending(path: "key.pem").path()
        try await openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key)
        let modulus = try await openssl("rsa", "-in", key, "-noout", "-modulus")
        let digits = Array(modulus.trimmingCharacters(in: .whitespacesAndNewlines).split(separator: "=")[1])
        let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(digits[$0...($0 + 1)]), radix: 16)
        }
        return TokenKeyPair(
            identifier: identifier,
            algorithm: "RS256",
            member: """
                {"kty":"RSA","kid":"\(identifier)","alg":"RS256","use":"sig","n":"\(TokenIssuer.base64URL(bytes))","e":"AQAB"}
                """
        ) { content in
            let file = try folder.write("content", content)
            let signature = folder.url.appending(path: "signature").path()
            try await openssl("dgst", "-sha256", "-sign", key, "-out", signature, file.path())
            return try Data(contentsOf: URL(filePath: signature))
        }
    }

    @discardableResult
    private static func openssl(_ arguments: String...) async throws -> String {
        let run = try await Run(URL(filePath: "/usr/bin/openssl"), arguments)
        try #require(run.ending == .exited(0), "\(run.errors)")
        return run.output
    }
}

extension LegacyUpstream.Answer {
    static func keySet(_ pairs: TokenKeyPair...) -> Self {
        .json(#"{"keys":[\#(pairs.map(\.member).joined(separator: ","))]}"#)
    }
}
