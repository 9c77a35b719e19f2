/// Why a token is not accepted. Its words go to the log: what came from the token is in them only where it is harmless.
enum TokenRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    case malformed(String)
    /// None of the keys is for the algorithm that the token names.
    case algorithm(String)
    case unknownKey
    case signature
    case expired
    case notYetValid
    case audience
    case issuer
    case missingClaim(String)
    /// The keys could not be fetched.
    case noKeys(String)

    var description: String {
        switch self {
        case .malformed(let what): "the token is malformed: \(what)"
        case .algorithm(let name): "the token is signed with \(Self.harmless(name)), which no key here is for"
        case .unknownKey: "no key has the token's kid"
        case .signature: "the token's signature is wrong"
        case .expired: "the token has expired"
        case .notYetValid: "the token is not valid yet (nbf)"
        case .audience: "the token is for another audience (aud)"
        case .issuer: "the token is from another issuer (iss)"
        case .missingClaim(let name): "the token lacks a claim that is required: \(name)"
        case .noKeys(let reason): "the keys to check tokens with cannot be fetched: \(reason)"
        }
    }

    /// Algorithms are short words; whatever else a stranger puts there is no reading for a log.
    private static func harmless(_ name: String) -> String {
        let isWord = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        return isWord && (1...16).contains(name.utf8.count) ? name : "an unknown algorithm"
    }
}
