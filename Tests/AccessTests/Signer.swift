import Crypto
import Foundation
import JWTKit

/// Signs tokens the way an identity provider does, and in ways that none does.
enum Signer {
    static func base64URL(_ bytes: some DataProtocol) -> String {
        Data(bytes).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// HS256 over any header.
    static func hmac(_ claims: String, secret: String, header: String = #"{"alg":"HS256","typ":"JWT"}"#) -> String {
        let content = "\(base64URL(Data(header.utf8))).\(base64URL(Data(claims.utf8)))"
        let code = HMAC<SHA256>.authenticationCode(
            for: Data(content.utf8),
            using: SymmetricKey(data: Data(secret.utf8))
        )
        return "\(content).\(base64URL(Data(code)))"
    }

    /// A key that its owner keeps, with the public half as a member of a key set.
    struct Pair: Sendable {
        let algorithm: String
        let member: String
        let pem: String
        let sign: @Sendable (Data) throws -> Data

        func token(_ claims: String, header: String? = nil, kid: String? = nil) throws -> String {
            let names = kid.map { #","kid":"\#($0)""# } ?? ""
            let head = header ?? #"{"alg":"\#(algorithm)"\#(names)}"#
            let content = "\(base64URL(Data(head.utf8))).\(base64URL(Data(claims.utf8)))"
            return "\(content).\(base64URL(try sign(Data(content.utf8))))"
        }
    }

    static func p256(kid: String = "p") throws -> Pair {
        let key = P256.Signing.PrivateKey()
        let point = key.publicKey.rawRepresentation
        return Pair(
            algorithm: "ES256",
            member: #"""
                {"kty":"EC","crv":"P-256","kid":"\#(kid)","use":"sig",
                 "x":"\#(base64URL(point.prefix(32)))","y":"\#(base64URL(point.suffix(32)))"}
                """#,
            pem: key.publicKey.pemRepresentation,
            sign: { try key.signature(for: $0).rawRepresentation }
        )
    }

    static func ed25519(kid: String = "e") throws -> Pair {
        let key = Curve25519.Signing.PrivateKey()
        let point = key.publicKey.rawRepresentation
        return Pair(
            algorithm: "EdDSA",
            member: #"{"kty":"OKP","crv":"Ed25519","kid":"\#(kid)","alg":"EdDSA","x":"\#(base64URL(point))"}"#,
            pem: try EdDSA.PublicKey(x: base64URL(point), curve: .ed25519).pemRepresentation,
            sign: { try key.signature(for: $0) }
        )
    }

    static func rsa(kid: String = "r", algorithm: String = "RS256") async throws -> Pair {
        let key = try JWTKit.Insecure.RSA.PrivateKey(pem: rsaKey)
        let numbers = try key.publicKey.getKeyPrimitives()
        let keys = JWTKeyCollection()
        switch algorithm {
        case "PS256": await keys.add(pss: key, digestAlgorithm: .sha256)
        case "RS512": await keys.add(rsa: key, digestAlgorithm: .sha512)
        default: await keys.add(rsa: key, digestAlgorithm: .sha256)
        }
        let signer = try await keys.getKey()
        return Pair(
            algorithm: algorithm,
            member: #"""
                {"kty":"RSA","kid":"\#(kid)","n":"\#(base64URL(numbers.modulus))",
                 "e":"\#(base64URL(numbers.publicExponent))"}
                """#,
            pem: key.publicKey.pemRepresentation,
            sign: { Data(try signer.sign($0)) }
        )
    }

    /// Made for these tests by `openssl genpkey`; nothing else is signed with it.
    private static let rsaKey = """
        -----BEGIN PRIVATE KEY-----
        MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDXfzqZFFmTSp6O
        XXvrejxNnS1cmlWv6TQbSexWn/58aVfnMBXb3VR8JTci/j9dWcQvhdfqnLqDTxCA
        cuqGZUDRjDNr0/opsfrM4VTvpPduKt0lLI/ofB5Py5se/rCIYy3GuVGke4WLgZ2W
        wNS04iGH/JISmFWnmrKIXLwveQbXp/j7q2OlpJPf+tNyL4aVpfBs3LtZvFZvjbMj
        esqumVLDKy6avELZB0kchIAQrEzcvomVWKV0Apd1uYTS7lYdoGAL3jFNVN2b9Ai0
        lrtHERnbCPSIwyJgxccdvhTaSQ0xRp1GQas6iG8JdABpl8/RaMm/MizVZjwFRMEi
        AUyeR3q9AgMBAAECggEAJ8AvVfd8AoB8OPSjnC9DGmoI6RELB1T0KKh9MQl4Twi7
        j0i+b30nTXMr9YeCtryNRNrilkNs4DXgbGFGQ54/06eSAKzsc26CPfK+0SnT/n1n
        p6jNruveR4feSFxgwffRhNvAZJ/oZXB2Wk2drvQbjVMYutdgzXbqwd6hU/x2N6dM
        pa5FSR7ZAUAtXemIi8bH+bTQ/Xy0uYl11GKpisLT59/wgKiRZCiA7T+1O/DKqWqo
        NI+2YzVXEoP9WhKLPXpU8l76ycz6LwASEzGHrsMviFRp5waYMdDvtTZD3NOxaAMw
        /UwPcIcUAoe/2uYUA07vFsNUbRPBxTT9u/fjJy8pQQKBgQD5h1oXA8htNJ7594Za
        ij/vcVn9+65Fur6WmnRPA7sJDFY5YE3191fuXPDZ3cvXEH5mxrZL9lPgpzU+bTdi
        02YIMhv66SK0hkO7R3OWD8OV4uqcTcmKPbJmJRtSjN4vkJI+f/ZdeutuWs8MSyQG
        PuGVVh3WKe26C9o3ujO89JxqjQKBgQDdFe/IhsBi5IJ7sAGH6/yzEIsMGCiSzuTv
        usIK+sIxr3c+sn+0xzeEIczQn0x9HtTNKmn1TsL5TaL2VBkjXBFAkCFaplsH8b9F
        wUIAeBAI1uTjdIAZ8FsSELa6BUITRgPdrHVCbYtUjG23u05vLxB1//OYlTtVKoIA
        VRHqZs7c8QKBgQCg/YXPcX5fjuK+7cc+JRJI/v4L0tTGYkzSyAYgcIy8srvyusKx
        3gpaXJZ8ShBYymhzEOPOsLe/KsI8a6SfWzrqMMJCqSXeCP4sF1Zoy/TpgITToZBV
        Y6b1Jh2xrfcwAvuH3XFrMIIzKd2J1fUBHpLWkcAgS973+OuqprT4xW0hhQKBgG0U
        mLUYfy2LzzFVmrvEXG7A98nk1YfxmpUJURn3tP6ssyn1CftY23RO9O3t2uBU6Ou9
        RIAq9xnoC0J8JdcDYuO2+S3vrDRUO2ogOv9ePZMO6+mpnlat91EHfBB17a7yuY+S
        ulwnDjqN+shPGxjSYM3Hlhmvb5HKok+lqWw8g04RAoGAJlY60/SpoKTIr78LPeQQ
        z6UoH7c+g2SQ1EPxBhnK/AJ2Brm19fWMZzgbdCqmBBVJA6lYyIRgnDB3BLaTkadf
        wbZsEdow7xQ/WEuS7POb7LYNgNucuScAYaDvaJthRQ8MSJWUmWCZ3M6CAQ+ytaqe
        B5bbNYTbRWwRWm6wGaE3rNg=
        -----END PRIVATE KEY-----
        """
}
