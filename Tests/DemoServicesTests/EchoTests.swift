import NIOCore
import Testing

@testable import DemoServices

@Suite("The TCP echo")
struct EchoTests {
    private func randomBytes(_ count: Int) -> ByteBuffer {
        // A random block that repeats with its number in front: quick to make, and no two places look alike.
        var generator = SeededGenerator(seed: UInt64(count))
        var block = ByteBuffer()
        for _ in 0..<4_096 { block.writeInteger(generator.next()) }
        var buffer = ByteBuffer()
        var number = 0
        while buffer.readableBytes < count {
            buffer.writeInteger(number)
            buffer.writeImmutableBuffer(block)
            number += 1
        }
        buffer.moveWriterIndex(to: count)
        return buffer
    }

    @Test("everything comes back, and then the end", arguments: [0, 1, 65_536, 8 * 1_024 * 1_024])
    func integrity(size: Int) async throws {
        try await withServices { services in
            let connection = try await RawConnection.open(port: services.echoPort)
            let bytes = randomBytes(size)
            try await connection.send(bytes)
            try await connection.endOutput()
            let echoed = try await connection.waitForEnd()
            #expect(echoed == bytes)
            await connection.close()
        }
    }

    @Test("a client that does not read is not read from, and loses nothing once it does")
    func backPressure() async throws {
        try await withServices { services in
            let connection = try await RawConnection.open(port: services.echoPort, autoRead: false)
            let bytes = randomBytes(64 * 1_024 * 1_024)
            try await connection.queue(bytes)
            // More than the socket buffers of both directions hold, which on new kernels is 40 MB: the rest must go on
            // waiting here. An echo that reads all the same needs a moment to swallow it, so one look would prove
            // nothing.
            for _ in 0..<20 {
                try await Task.sleep(for: .milliseconds(100))
                #expect(!connection.isWritable)
            }
            try await connection.startReading()
            try await connection.endOutput()
            let echoed = try await connection.waitForEnd(within: .seconds(60))
            #expect(echoed == bytes)
            await connection.close()
        }
    }
}
