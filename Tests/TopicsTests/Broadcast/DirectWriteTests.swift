import NIOCore
import Testing

@testable import WebSocket

@Suite("Shared frames go to the socket only while it is the connection's own") struct DirectWriteTests {
    private let frames = ByteBuffer(bytes: [0x81, 5] + Array("hello".utf8))
    /// A text message of a client's, masked with zeros.
    private let message = ByteBuffer(bytes: [0x81, 0x82, 0, 0, 0, 0] + Array("hi".utf8))

    @Test("what answers a message that was held back until the connection was lost goes to no descriptor")
    func lostWhilePaused() throws {
        let socket = try SocketUnderTest()
        let handler = try #require(socket.handler)
        var heard = 0
        socket.onMessage = {
            heard += 1
            // NIO has closed the descriptor, whose number may be another connection's already.
            #expect($0.directDescriptor == -1)
            $0.sendShared(frames)
        }
        handler.pauseReading()
        try socket.channel.writeInbound(message)
        #expect(heard == 0)
        #expect(handler.directDescriptor >= 0)
        try socket.channel.close().wait()
        #expect(heard == 1)
        #expect(socket.received() == [])
    }

    @Test("after the connection's end, and after our close frame, nothing goes there")
    func ended() throws {
        for end in [{ $0.abort() }, { $0.close(code: .normal) }] as [(WebSocketHandler) -> Void] {
            let socket = try SocketUnderTest()
            let handler = try #require(socket.handler)
            handler.sendShared(frames)
            #expect(socket.received() == Array(frames.readableBytesView))
            end(handler)
            #expect(handler.directDescriptor == -1)
            handler.sendShared(frames)
            #expect(socket.received() == [])
        }
    }

    @Test("while something waits in the channel, all goes behind it")
    func order() throws {
        let socket = try SocketUnderTest()
        let handler = try #require(socket.handler)
        socket.gate.isClosed = true
        handler.sendText(ByteBuffer(string: "a"))
        handler.sendShared(frames)
        #expect(socket.received() == [])
        try socket.open()
        #expect(try socket.given() == [0x81, 1, 0x61] + Array(frames.readableBytesView))
        handler.sendShared(frames)
        #expect(socket.received() == Array(frames.readableBytesView))
    }
}
