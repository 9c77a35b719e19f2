import CCrypt
import Crypto
import Foundation

/// One password, hashed in one of the ways of Apache's htpasswd files.
///
/// Refused on purpose: DES crypt (it ignores all but eight characters), and passwords in plain text.
package struct PasswordHash: Sendable, Equatable {
    private enum Kind: Equatable {
        /// bcrypt (`$2a$`, `$2b$`, `$2y$`) and sha-crypt (`$5$`, `$6$`): libxcrypt reads the setting from the hash.
        case crypt
        /// Apache's MD5 (`$apr1$`).
        case apr1(salt: [UInt8])
        /// `{SHA}`: unsalted SHA-1 in base64.
        case sha1
    }

    /// The largest bcrypt cost accepted (each step doubles the work): some seconds of one core.
    static let largestCost = 16
    /// The most rounds of sha-crypt accepted: about a second of one core.
    static let mostRounds = 1_000_000

    private let kind: Kind
    private let text: String

    /// - Throws: `HtpasswdError.Reason` where the text is no hash, or one that would cost or protect too little.
    package init(_ text: String) throws(HtpasswdError.Reason) {
        self.text = text
        if text.hasPrefix("$apr1$") {
            let parts = text.split(separator: "$", omittingEmptySubsequences: false)
            guard parts.count == 4, (1...8).contains(parts[2].utf8.count), parts[3].utf8.count == 22 else {
                throw .malformed
            }
            kind = .apr1(salt: Array(parts[2].utf8))
        } else if text.hasPrefix("{SHA}") {
            guard Data(base64Encoded: String(text.dropFirst(5)))?.count == Insecure.SHA1.byteCount else {
                throw .malformed
            }
            kind = .sha1
        } else if let bcrypt = text.wholeMatch(of: /\$2[aby]\$([0-9]{2})\$[.\/A-Za-z0-9]{53}/) {
            guard let cost = Int(bcrypt.1), (4...Self.largestCost).contains(cost) else { throw .tooCostly }
            kind = .crypt
        } else if let sha = text.wholeMatch(
            of: /\$([56])\$(?:rounds=([0-9]{1,9})\$)?[.\/A-Za-z0-9]{1,16}\$([.\/A-Za-z0-9]+)/
        ) {
            guard sha.3.utf8.count == (sha.1 == "5" ? 43 : 86) else { throw .malformed }
            if let rounds = sha.2 {
                guard let rounds = Int(rounds), rounds <= Self.mostRounds else { throw .tooCostly }
            }
            kind = .crypt
        } else {
            throw .unknownScheme
        }
    }

    /// Whether this is the hash of `password`.
    ///
    /// Blocks: bcrypt takes tens of milliseconds and more by design. Never call it on an event loop.
    package func matches(_ password: String) -> Bool {
        // crypt reads up to the first zero byte: the rest of such a password would not count.
        guard !password.utf8.contains(0) else { return false }
        let made: String? =
            switch kind {
            case .crypt: Self.crypt(password, setting: text)
            case .apr1(let salt): Self.apr1(Array(password.utf8), salt: salt)
            case .sha1:
                "{SHA}" + Data(Insecure.SHA1.hash(data: Data(password.utf8))).base64EncodedString()
            }
        guard let made else { return false }
        return equalInConstantTime(made.utf8, text.utf8)
    }

    private static func crypt(_ password: String, setting: String) -> String? {
        // 32 KiB of scratch space: too much for the stack of a small thread.
        let scratch = UnsafeMutablePointer<crypt_data>.allocate(capacity: 1)
        defer { scratch.deallocate() }
        scratch.initialize(to: crypt_data())
        guard let result = crypt_r(password, setting, scratch) else { return nil }
        return String(cString: result)
    }

    /// Apache's variant of md5-crypt (apr_md5.c): 1,000 rounds, base64 in an order of its own.
    private static func apr1(_ password: [UInt8], salt: [UInt8]) -> String {
        func md5(_ bytes: [UInt8]) -> [UInt8] { Array(Insecure.MD5.hash(data: bytes)) }
        let inner = md5(password + salt + password)
        var first = password + Array("$apr1$".utf8) + salt
        for index in password.indices { first.append(inner[index % 16]) }
        var length = password.count
        while length > 0 {
            first.append(length & 1 == 1 ? 0 : password[0])
            length >>= 1
        }
        var digest = md5(first)
        for round in 0..<1_000 {
            var bytes = round & 1 == 1 ? password : digest
            if round % 3 != 0 { bytes += salt }
            if round % 7 != 0 { bytes += password }
            bytes += round & 1 == 1 ? digest : password
            digest = md5(bytes)
        }
        let alphabet = Array("./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
        var encoded = Array("$apr1$".utf8) + salt + Array("$".utf8)
        func append(_ value: Int, characters: Int) {
            for position in 0..<characters { encoded.append(alphabet[(value >> (6 * position)) & 0x3F]) }
        }
        for (high, middle, low) in [(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)] {
            append(Int(digest[high]) << 16 | Int(digest[middle]) << 8 | Int(digest[low]), characters: 4)
        }
        append(Int(digest[11]), characters: 2)
        return String(decoding: encoded, as: UTF8.self)
    }
}
