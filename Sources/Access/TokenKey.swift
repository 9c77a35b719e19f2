import Foundation
import JWTKit

/// One key that tokens may be signed with, and the algorithms it is for: a token that names another algorithm is
/// refused before the key is used (RFC 8725 section 3.1).
struct TokenKey: Sendable {
    enum Material: Sendable {
        case secret(HMACKey)
        case rsa(Insecure.RSA.PublicKey)
        case p256(ES256PublicKey)
        case p384(ES384PublicKey)
        case p521(ES512PublicKey)
        case ed25519(EdDSA.PublicKey)
    }

    /// Those whose keys may be published.
    static let publicAlgorithms: Set<String> = [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    ]

    /// The `kid` of the key set; nil where the key has none, and is for tokens with any.
    let identifier: String?
    let material: Material
    /// The names of RFC 7518 section 3.1 and RFC 8037.
    let algorithms: Set<String>

    /// - Parameter algorithm: the only one that the key is for, by its own word; nil: all that its kind can.
    init?(_ material: Material, identifier: String? = nil, algorithm: String? = nil) {
        let possible: Set<String> =
            switch material {
            case .secret: ["HS256"]
            case .rsa: Self.publicAlgorithms.filter { $0.hasPrefix("RS") || $0.hasPrefix("PS") }
            case .p256: ["ES256"]
            case .p384: ["ES384"]
            case .p521: ["ES512"]
            case .ed25519: ["EdDSA"]
            }
        // RFC 9864 gives EdDSA over Ed25519 a name of its own.
        let named = algorithm.map { $0 == "Ed25519" ? "EdDSA" : $0 }
        algorithms = named.map { possible.intersection([$0]) } ?? possible
        guard !algorithms.isEmpty else { return nil }
        self.identifier = identifier
        self.material = material
    }

    /// The shared secret of HS256.
    init?(secret: String) {
        var bytes = Array(secret.utf8)
        guard !bytes.isEmpty else { return nil }
        // HMAC itself fills a short key up with zeros (RFC 2104 section 2): this changes no signature, and JWTKit wants
        // 32 bytes.
        if bytes.count < 32 { bytes += Array(repeating: 0, count: 32 - bytes.count) }
        self.init(.secret(HMACKey(from: bytes)))
    }

    /// A public key or a certificate in PEM form.
    init?(pem: String) {
        if let key = try? Insecure.RSA.PublicKey(pem: pem) {
            self.init(.rsa(key))
        } else if let key = try? Insecure.RSA.PublicKey(certificatePEM: pem) {
            self.init(.rsa(key))
        } else if let key = try? ES256PublicKey(pem: pem) {
            self.init(.p256(key))
        } else if let key = try? ES384PublicKey(pem: pem) {
            self.init(.p384(key))
        } else if let key = try? ES512PublicKey(pem: pem) {
            self.init(.p521(key))
        } else if let key = try? EdDSA.PublicKey(pem: pem) {
            self.init(.ed25519(key))
        } else {
            return nil
        }
    }

    /// The claims of a token whose header names one of the key's algorithms.
    ///
    /// - Throws: JWTKit's error where the signature is not this key's, or the token is damaged.
    func claims(of token: String, algorithm: String) async throws -> TokenClaims {
        // A collection of one: in one of many JWTKit falls back to another key where it does not know the token's.
        let keys = JWTKeyCollection()
        switch material {
        case .secret(let key): await keys.add(hmac: key, digestAlgorithm: .sha256)
        case .rsa(let key):
            let digest: DigestAlgorithm =
                algorithm.hasSuffix("256") ? .sha256 : algorithm.hasSuffix("384") ? .sha384 : .sha512
            if algorithm.hasPrefix("PS") {
                await keys.add(pss: key, digestAlgorithm: digest)
            } else {
                await keys.add(rsa: key, digestAlgorithm: digest)
            }
        case .p256(let key): await keys.add(ecdsa: key)
        case .p384(let key): await keys.add(ecdsa: key)
        case .p521(let key): await keys.add(ecdsa: key)
        case .ed25519(let key): await keys.add(eddsa: key)
        }
        return try await keys.verify(token, as: TokenClaims.self)
    }
}
