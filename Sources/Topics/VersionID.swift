import Crypto

/// The identity of one version of a document: the first 16 bytes of SHA-256 over the delivered bytes.
///
/// It depends on the content alone, so it is equal on every node and after a restart, and serves as `ETag`, as SSE
/// `id:` and as the `id` of a WebSocket message alike.
package struct VersionID: Hashable, Sendable, CustomStringConvertible {
    // Two words instead of 22 characters: positions of subscribers are compared on every broadcast, and a string of
    // that length would live on the heap.
    private let high: UInt64
    private let low: UInt64

    /// The version of a document with these delivered bytes.
    package init(of content: [UInt8]) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        for (position, byte) in SHA256.hash(data: content).prefix(16).enumerated() {
            if position < 8 {
                high = high << 8 | UInt64(byte)
            } else {
                low = low << 8 | UInt64(byte)
            }
        }
        self.high = high
        self.low = low
    }

    /// Reads the 22 characters that ``text`` makes; nil for anything else.
    package init?(text: some StringProtocol) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        var position = 0
        for character in text.utf8 {
            guard let sextet = Self.alphabet.firstIndex(of: character) else { return nil }
            switch position {
            case 0..<10: high = high << 6 | UInt64(sextet)
            // The eleventh character carries the last four bits of the first word and two of the second.
            case 10:
                high = high << 4 | UInt64(sextet >> 2)
                low = UInt64(sextet & 3)
            case 11..<21: low = low << 6 | UInt64(sextet)
            case 21:
                guard sextet & 0xF == 0 else { return nil }
                low = low << 2 | UInt64(sextet >> 4)
            default: return nil
            }
            position += 1
        }
        guard position == 22 else { return nil }
        self.high = high
        self.low = low
    }

    /// 22 characters of base64url without padding (RFC 4648 section 5).
    package var text: String {
        String(unsafeUninitializedCapacity: 22) { characters in
            for position in 0..<22 {
                let sextet: UInt64
                switch position {
                case 0..<10: sextet = high >> UInt64(58 - 6 * position)
                case 10: sextet = (high & 0xF) << 2 | low >> 62
                case 11..<21: sextet = low >> UInt64(56 - 6 * (position - 11))
                default: sextet = (low & 3) << 4
                }
                characters[position] = Self.alphabet[Int(sextet & 0x3F)]
            }
            return 22
        }
    }

    package var description: String { text }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
}
