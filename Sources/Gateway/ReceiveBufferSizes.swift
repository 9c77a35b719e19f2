import NIOCore

/// How much is read at a time: little at first, more while what was asked for comes whole, less when it no longer does.
///
/// As NIO's `AdaptiveRecvByteBufferAllocator`, but small enough for a channel to keep without an allocation of its own, and
/// sooner at large buffers.
struct ReceiveBufferSizes: RecvByteBufferAllocator {
    private static let smallest: UInt8 = 8
    private static let largest: UInt8 = 16

    /// The size as a power of two.
    private var exponent = smallest
    private var lastWasLittle = false

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        allocator.buffer(capacity: size)
    }

    func nextBufferSize() -> Int? { size }

    mutating func record(actualReadBytes: Int) -> Bool {
        if actualReadBytes >= size, exponent < Self.largest {
            exponent = min(exponent + 2, Self.largest)
            lastWasLittle = false
            return true
        }
        let isLittle = actualReadBytes <= size / 2 && exponent > Self.smallest
        if isLittle, lastWasLittle { exponent -= 1 }
        lastWasLittle = isLittle && !lastWasLittle
        return false
    }

    private var size: Int { 1 << Int(exponent) }
}
