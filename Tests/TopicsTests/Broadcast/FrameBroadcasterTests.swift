import NIOCore
import Testing
import WebSocket

@testable import Broadcast

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

@Suite("A broadcast comes to every socket, with io_uring where the kernel has it and without")
struct FrameBroadcasterTests {
    private let frames = ByteBuffer(bytes: [0x81, 5] + Array("hello".utf8))

    @Test("more sockets than fit in a batch all get the frames", arguments: [true, false])
    func all(usesIOUring: Bool) throws {
        let broadcaster = FrameBroadcaster(usesIOUring: usesIOUring)
        let sockets = try (0..<20).map { _ in try SocketUnderTest() }
        // Each several times, so that there are many without as many descriptors.
        let places = ContiguousArray((0..<1300).map { sockets[$0 % 20].handler })
        let outcome = broadcaster.send(frames, to: places)
        #expect(outcome.refused.isEmpty)
        #expect(outcome.unfinished.isEmpty)
        for socket in sockets {
            #expect(socket.received() == Array(repeating: Array(frames.readableBytesView), count: 65).flatMap(\.self))
            #expect(socket.handler?.bytesSent == 65 * frames.readableBytes)
            #expect(try socket.given() == [])
        }
    }

    @Test(
        "who is full, broken or has something waiting is told of, and the others are served",
        arguments: [true, false]
    )
    func exceptions(usesIOUring: Bool) throws {
        let broadcaster = FrameBroadcaster(usesIOUring: usesIOUring)
        let sockets = try (0..<30).map { _ in try SocketUnderTest() }
        sockets[3].fill()
        sockets[7].closeOtherEnd()
        sockets[11].handler?.close(code: .normal)
        var places = ContiguousArray(sockets.map(\.handler))
        places[5] = nil
        let outcome = broadcaster.send(frames, to: places)
        #expect(outcome.refused == [11])
        #expect(outcome.unfinished.map(\.written) == [0, 0])
        #expect(outcome.unfinished.first?.socket === sockets[3].handler)
        #expect(outcome.unfinished.last?.socket === sockets[7].handler)
        for (index, socket) in sockets.enumerated() where ![3, 5, 7, 11].contains(index) {
            #expect(socket.received() == Array(frames.readableBytesView))
        }
        #expect(sockets[3].handler?.bytesSent == 0)
        for (socket, written) in outcome.unfinished { socket.sendRest(of: frames, after: written) }
        #expect(try sockets[3].given() == Array(frames.readableBytesView))
    }

    @Test("of frames larger than a socket takes, the rest goes through the channel", arguments: [true, false])
    func large(usesIOUring: Bool) throws {
        let broadcaster = FrameBroadcaster(usesIOUring: usesIOUring)
        let sockets = try (0..<10).map { _ in try SocketUnderTest() }
        let large = ByteBuffer(bytes: (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 / 1000) })
        let outcome = broadcaster.send(large, to: ContiguousArray(sockets.map(\.handler)))
        #expect(outcome.unfinished.count == 10)
        for (socket, written) in outcome.unfinished {
            #expect(written > 0)
            socket.sendRest(of: large, after: written)
        }
        for socket in sockets {
            #expect(try socket.everything() == Array(large.readableBytesView))
            #expect(socket.handler?.bytesSent == large.readableBytes)
        }
    }

    @Test("a ring that breaks is given up, and everybody gets the frames once all the same")
    func broken() throws {
        let broadcaster = FrameBroadcaster(usesIOUring: true)
        // Not everywhere: old kernels, sandboxes.
        guard let ring = broadcaster.ring else { return }
        let sockets = try (0..<20).map { _ in try SocketUnderTest() }
        let places = ContiguousArray(sockets.map(\.handler))
        #expect(broadcaster.send(frames, to: places).unfinished.isEmpty)
        // Another file in the ring's place: the kernel refuses to enter it.
        let null = open("/dev/null", O_RDWR)
        #expect(dup2(null, ring.ring.pointee.ring_fd) >= 0)
        close(null)
        let outcome = broadcaster.send(frames, to: places)
        #expect(!broadcaster.usesIOUring)
        #expect(outcome.unfinished.map(\.written) == Array(repeating: 0, count: 20))
        for (socket, written) in outcome.unfinished { socket.sendRest(of: frames, after: written) }
        #expect(broadcaster.send(frames, to: places).unfinished.isEmpty)
        let frame = Array(frames.readableBytesView)
        for socket in sockets {
            #expect(try socket.given() == frame)
            #expect(socket.received() == frame + frame)
            #expect(socket.handler?.bytesSent == 3 * frame.count)
        }
    }
}
