/// Checks UTF-8 (RFC 3629) piece by piece, and fails at the first byte that no continuation can make valid: overlong
/// forms, surrogates and values above U+10FFFF are refused at their second byte.
///
/// RFC 6455 §8.1 asks for the check; failing as early as this is what Autobahn's group 6.4 calls strict.
package struct UTF8Validator: Sendable, Hashable {
    /// How many continuation bytes the started character still needs, 0...3.
    private var needed: UInt8 = 0
    /// What the next continuation byte may be; narrower than 0x80...0xBF only for a second byte.
    private var lower: UInt8 = 0x80
    private var upper: UInt8 = 0xBF

    package init() {}

    /// Whether the text could end here: no character is half received.
    package var isComplete: Bool { self.needed == 0 }

    /// Takes the next bytes. False: they can't be part of UTF-8 text; the validator is of no further use.
    package mutating func accept(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress else { return true }
        let count = bytes.count
        var offset = 0
        var needed = self.needed
        var lower = self.lower
        var upper = self.upper
        while offset < count {
            if needed == 0 {
                offset = UTF8Validator.endOfASCII(base, from: offset, count: count)
                if offset == count { break }
                let lead = base.load(fromByteOffset: offset, as: UInt8.self)
                offset &+= 1
                lower = 0x80
                upper = 0xBF
                switch lead {
                case 0xC2...0xDF: needed = 1
                case 0xE0:
                    needed = 2
                    lower = 0xA0  // below: overlong
                case 0xED:
                    needed = 2
                    upper = 0x9F  // above: surrogates
                case 0xE1...0xEF: needed = 2
                case 0xF0:
                    needed = 3
                    lower = 0x90  // below: overlong
                case 0xF1...0xF3: needed = 3
                case 0xF4:
                    needed = 3
                    upper = 0x8F  // above: beyond U+10FFFF
                default: return false
                }
            } else {
                let byte = base.load(fromByteOffset: offset, as: UInt8.self)
                guard byte >= lower, byte <= upper else { return false }
                offset &+= 1
                lower = 0x80
                upper = 0xBF
                needed &-= 1
            }
        }
        self.needed = needed
        self.lower = lower
        self.upper = upper
        return true
    }

    /// The offset of the first byte at or after `start` that is not ASCII, or `count`.
    @inline(__always)
    private static func endOfASCII(_ base: UnsafeRawPointer, from start: Int, count: Int) -> Int {
        var offset = start
        let highBits: UInt64 = 0x8080_8080_8080_8080
        while offset &+ 32 <= count {
            let words = base.loadUnaligned(fromByteOffset: offset, as: SIMD4<UInt64>.self)
            if (words[0] | words[1] | words[2] | words[3]) & highBits != 0 { break }
            offset &+= 32
        }
        while offset < count, base.load(fromByteOffset: offset, as: UInt8.self) < 0x80 {
            offset &+= 1
        }
        return offset
    }
}
