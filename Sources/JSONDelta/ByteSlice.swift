#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A run of bytes inside a buffer that somebody else keeps alive, compared and hashed by content.
///
/// Never stored beyond the `withUnsafeBufferPointer` call that lent the buffer.
struct ByteSlice: Hashable {
    let bytes: UnsafeBufferPointer<UInt8>

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    var count: Int { bytes.count }

    static func == (a: ByteSlice, b: ByteSlice) -> Bool {
        guard a.bytes.count == b.bytes.count else { return false }
        guard let first = a.bytes.baseAddress, let second = b.bytes.baseAddress else { return a.bytes.isEmpty }
        return memcmp(first, second, a.bytes.count) == 0
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
    }

    /// Byte order, shorter first where one is the other's beginning.
    func isOrdered(before other: ByteSlice) -> Bool {
        let shared = min(count, other.count)
        if shared > 0, let first = bytes.baseAddress, let second = other.bytes.baseAddress {
            let order = memcmp(first, second, shared)
            if order != 0 { return order < 0 }
        }
        return count < other.count
    }

    /// How many bytes two buffers share at their beginning.
    static func commonPrefix(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Int {
        let shared = min(a.count, b.count)
        let first = UnsafeRawBufferPointer(a)
        let second = UnsafeRawBufferPointer(b)
        var at = 0
        // `at + 8 <= shared` keeps both loads inside their buffers.
        while at + 8 <= shared {
            let difference =
                first.loadUnaligned(fromByteOffset: at, as: UInt64.self)
                ^ second.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            if difference != 0 { break }
            at += 8
        }
        while at < shared, a[at] == b[at] { at += 1 }
        return at
    }

    /// How many bytes two buffers share at their end.
    static func commonSuffix(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Int {
        let shared = min(a.count, b.count)
        let first = UnsafeRawBufferPointer(a)
        let second = UnsafeRawBufferPointer(b)
        var length = 0
        while length + 8 <= shared {
            let difference =
                first.loadUnaligned(fromByteOffset: a.count - length - 8, as: UInt64.self)
                ^ second.loadUnaligned(fromByteOffset: b.count - length - 8, as: UInt64.self)
            if difference != 0 { break }
            length += 8
        }
        while length < shared, a[a.count - length - 1] == b[b.count - length - 1] { length += 1 }
        return length
    }
}
