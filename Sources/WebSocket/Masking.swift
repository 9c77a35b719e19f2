/// The mask of a frame (RFC 6455 §5.3): byte i of the payload is XORed with byte i mod 4 of the key.
///
/// The key is held as the four bytes lie in memory, so that words of memory can be XORed whatever the byte order of
/// the machine.
enum Masking {
    /// XORs `bytes` in place and returns the key to go on with: the same four bytes, rotated to where the payload's
    /// next byte meets them.
    @inline(__always)
    static func apply(_ key: UInt32, to bytes: UnsafeMutableRawBufferPointer) -> UInt32 {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return key }
        let count = bytes.count
        let wide = SIMD8<UInt32>(repeating: key)
        var offset = 0
        while offset &+ 64 <= count {
            let first = base.loadUnaligned(fromByteOffset: offset, as: SIMD8<UInt32>.self) ^ wide
            let second = base.loadUnaligned(fromByteOffset: offset &+ 32, as: SIMD8<UInt32>.self) ^ wide
            base.storeBytes(of: first, toByteOffset: offset, as: SIMD8<UInt32>.self)
            base.storeBytes(of: second, toByteOffset: offset &+ 32, as: SIMD8<UInt32>.self)
            offset &+= 64
        }
        let word = UInt64(key) << 32 | UInt64(key)
        while offset &+ 8 <= count {
            let value = base.loadUnaligned(fromByteOffset: offset, as: UInt64.self) ^ word
            base.storeBytes(of: value, toByteOffset: offset, as: UInt64.self)
            offset &+= 8
        }
        // Every step so far was a multiple of four: the key still stands at its first byte.
        var rotating = UInt32(littleEndian: key)
        while offset < count {
            let value = base.load(fromByteOffset: offset, as: UInt8.self) ^ UInt8(truncatingIfNeeded: rotating)
            base.storeBytes(of: value, toByteOffset: offset, as: UInt8.self)
            rotating = rotating >> 8 | rotating << 24
            offset &+= 1
        }
        return UInt32(littleEndian: rotating)
    }
}
