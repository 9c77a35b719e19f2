import NIOCore
import Testing

@testable import Gateway

@Suite("Receive buffers follow what comes")
struct ReceiveBufferSizesTests {
    @Test("full ones grow, up to 64 KiB")
    func growing() {
        var sizes = ReceiveBufferSizes()
        var seen: [Int] = []
        for _ in 0..<6 {
            let size = sizes.nextBufferSize() ?? 0
            seen.append(size)
            #expect(sizes.buffer(allocator: ByteBufferAllocator()).capacity >= size)
            let grows = sizes.record(actualReadBytes: size)
            #expect(grows == (size < 65536))
        }
        #expect(seen == [256, 1024, 4096, 16384, 65536, 65536])
    }

    @Test("after two that were half empty the next is smaller, down to 256 bytes")
    func shrinking() {
        var sizes = ReceiveBufferSizes()
        for _ in 0..<2 { _ = sizes.record(actualReadBytes: sizes.nextBufferSize() ?? 0) }
        var seen: [Int] = []
        for _ in 0..<12 {
            let grows = sizes.record(actualReadBytes: 10)
            #expect(!grows)
            seen.append(sizes.nextBufferSize() ?? 0)
        }
        #expect(seen == [4096, 2048, 2048, 1024, 1024, 512, 512, 256, 256, 256, 256, 256])
    }

    @Test("one that was half empty between others is no reason")
    func mixed() {
        var sizes = ReceiveBufferSizes()
        _ = sizes.record(actualReadBytes: 256)
        for bytes in [10, 900, 10, 600, 10] { _ = sizes.record(actualReadBytes: bytes) }
        #expect(sizes.nextBufferSize() == 1024)
    }
}
