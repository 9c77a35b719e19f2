import Foundation
import JWTKit

/// What a token says of its bearer (RFC 7519 section 4).
struct TokenClaims: JWTPayload, Equatable {
    let members: [String: ClaimValue]

    init(_ members: [String: ClaimValue]) {
        self.members = members
    }

    init(from decoder: any Decoder) throws {
        members = try decoder.singleValueContainer().decode([String: ClaimValue].self)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(members)
    }

    /// The signature is all that JWTKit judges: ``TokenVerifier`` does the rest, and says why.
    func verify(using algorithm: some JWTAlgorithm) {}
}

/// A JSON value.
package enum ClaimValue: Sendable, Hashable, Codable {
    case null
    case boolean(Bool)
    case number(Double)
    case text(String)
    case list([ClaimValue])
    case object([String: ClaimValue])

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([ClaimValue].self) {
            self = .list(value)
        } else {
            self = .object(try container.decode([String: ClaimValue].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .list(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}

/// A claim that a token must have.
package struct RequiredClaim: Sendable, Hashable {
    /// The claim's name, or where it begins with `/` a JSON Pointer (RFC 6901) to a claim inside another.
    package let name: String
    /// One of these must be the claim's value, or an item of it where it is a list.
    package let values: [ClaimValue]

    package init(name: String, values: [ClaimValue]) {
        self.name = name
        self.values = values
    }

    func isMet(by claims: TokenClaims) -> Bool {
        guard let claim = value(in: claims) else { return false }
        switch claim {
        case .list(let items): return items.contains { values.contains($0) }
        // RFC 8693 section 4.2: scopes are one string, with spaces between them.
        case .text(let text) where name == "scope":
            return text.split(separator: " ").contains { values.contains(.text(String($0))) } || values.contains(claim)
        default: return values.contains(claim)
        }
    }

    private func value(in claims: TokenClaims) -> ClaimValue? {
        guard name.hasPrefix("/") else { return claims.members[name] }
        var value = ClaimValue.object(claims.members)
        for token in name.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            let member = String(token).replacing("~1", with: "/").replacing("~0", with: "~")
            guard case .object(let members) = value, let next = members[member] else { return nil }
            value = next
        }
        return value
    }
}
