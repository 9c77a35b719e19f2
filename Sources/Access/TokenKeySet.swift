import Foundation
import JWTKit

/// Keys that tokens may be signed with. They never change: a new set takes the place of an old one.
package struct TokenKeySet: Sendable {
    /// Larger sets are refused, in bytes.
    package static let largestFile = 1 << 20
    /// Keys beyond these are not looked at.
    static let mostKeys = 100

    let keys: [TokenKey]

    /// The shared secret of HS256 (RFC 7518 section 3.2 asks for 32 bytes or more).
    ///
    /// - Throws: ``TokenKeyError``.
    package init(secret: String) throws(TokenKeyError) {
        guard let key = TokenKey(secret: secret) else { throw .emptySecret }
        keys = [key]
    }

    /// A public key, or a certificate, in PEM form: RSA of 2048 bits or more, P-256, P-384, P-521 or Ed25519.
    ///
    /// - Throws: ``TokenKeyError``.
    package init(pem: some Collection<UInt8>) throws(TokenKeyError) {
        guard pem.count <= Self.largestFile, let text = String(validating: pem, as: UTF8.self),
            !text.contains("PRIVATE KEY-----"), let key = TokenKey(pem: text)
        else { throw .noPublicKey }
        keys = [key]
    }

    /// A JSON Web Key Set (RFC 7517 section 5). Keys that are for something else, or of an unknown kind, are passed
    /// over, as it says there.
    ///
    /// - Throws: ``TokenKeyError`` where none is left.
    package init(jwks: some Collection<UInt8>) throws(TokenKeyError) {
        guard jwks.count <= Self.largestFile,
            let document = try? JSONDecoder().decode(Document.self, from: Data(jwks))
        else { throw .noKeySet }
        keys = document.keys.prefix(Self.mostKeys).compactMap(\.key)
        guard !keys.isEmpty else { throw .noUsableKey }
    }

    /// Those that may have signed a token; at most 16.
    ///
    /// - Parameter identifier: the token's `kid`; nil where it has none.
    func candidates(identifier: String?, algorithm: String) -> [TokenKey] {
        // A token without kid may be signed with any; trying them all would be work for strangers to order.
        Array(
            keys.lazy.filter { key in
                key.algorithms.contains(algorithm)
                    && (identifier == nil || key.identifier == nil || key.identifier == identifier)
            }.prefix(16)
        )
    }

    private struct Document: Decodable {
        let keys: [Member]
    }

    /// One member of a set: nothing in it may make the whole set unusable.
    private struct Member: Decodable {
        let key: TokenKey?

        private enum Names: String, CodingKey {
            case kty, use, alg, kid, n, e, x, y, crv
            case operations = "key_ops"
        }

        init(from decoder: any Decoder) throws {
            key = (try? decoder.container(keyedBy: Names.self)).flatMap { container in
                func text(_ name: Names) -> String? { try? container.decode(String.self, forKey: name) }
                let isForSignatures = text(.use).map { $0 == "sig" } ?? true
                let operations = try? container.decode([String].self, forKey: .operations)
                guard isForSignatures, operations?.contains("verify") ?? true,
                    let material = Self.material(text)
                else { return nil }
                return TokenKey(material, identifier: text(.kid), algorithm: text(.alg))
            }
        }

        private static func material(_ text: (Names) -> String?) -> TokenKey.Material? {
            switch (text(.kty), text(.crv)) {
            case ("RSA", _):
                guard let modulus = text(.n), let exponent = text(.e) else { return nil }
                return (try? Insecure.RSA.PublicKey(modulus: modulus, exponent: exponent)).map { .rsa($0) }
            case ("EC", let curve):
                guard let x = text(.x), let y = text(.y) else { return nil }
                switch curve {
                case "P-256": return (try? ES256PublicKey(parameters: (x, y))).map { .p256($0) }
                case "P-384": return (try? ES384PublicKey(parameters: (x, y))).map { .p384($0) }
                case "P-521": return (try? ES512PublicKey(parameters: (x, y))).map { .p521($0) }
                default: return nil
                }
            case ("OKP", "Ed25519"):
                guard let x = text(.x) else { return nil }
                return (try? EdDSA.PublicKey(x: x, curve: .ed25519)).map { .ed25519($0) }
            default: return nil
            }
        }
    }
}

/// Why there is no key to check tokens with.
package enum TokenKeyError: Error, Sendable, Equatable, CustomStringConvertible {
    case emptySecret
    case noPublicKey
    case noKeySet
    case noUsableKey

    package var description: String {
        switch self {
        case .emptySecret: "the secret is empty"
        case .noPublicKey:
            "holds no public key in PEM form (it begins with -----BEGIN PUBLIC KEY-----; RSA of 2048 bits or more, "
                + "P-256, P-384, P-521 or Ed25519)"
        case .noKeySet: "is no JSON Web Key Set (it has the form {\"keys\": […]})"
        case .noUsableKey: "holds no key that can check signatures (RSA of 2048 bits or more, EC or Ed25519)"
        }
    }
}
