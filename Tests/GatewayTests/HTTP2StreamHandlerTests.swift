import NIOCore
import NIOEmbedded
import NIOHPACK
import NIOHTTP1
import NIOHTTP2
import Testing

@testable import Gateway

@Suite("A stream of HTTP/2")
struct HTTP2StreamHandlerTests {
    /// What came out at the other side of the handlers.
    private final class Recorder: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        var received = ""
        var inputHasClosed = false

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received += String(buffer: unwrapInboundIn(data))
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .inputClosed? = event as? ChannelEvent { inputHasClosed = true }
        }
    }

    private let channel = EmbeddedChannel()
    private let stream = HTTP2StreamHandler()
    private let recorder = Recorder()

    init() throws {
        try channel.pipeline.syncOperations.addHandlers([
            stream, HTTP2FramePayloadToHTTP1ServerCodec(), HTTP2ByteStreamHandler(), recorder,
        ])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    private func receive(_ fields: [(String, String)], ends: Bool) throws {
        try channel.writeInbound(
            HTTP2Frame.FramePayload.headers(.init(headers: HPACKHeaders(fields), endStream: ends))
        )
    }

    private func receive(_ text: String, ends: Bool = false) throws {
        try channel.writeInbound(
            HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(ByteBuffer(string: text)), endStream: ends))
        )
    }

    private let get = [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "a")]
    private let connect = [
        (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "https"), (":path", "/"), (":authority", "a"),
    ]

    /// The frames that were written, in words.
    private func written() throws -> [String] {
        var words: [String] = []
        while let payload = try channel.readOutbound(as: HTTP2Frame.FramePayload.self) {
            switch payload {
            case .data(let data):
                guard case .byteBuffer(let bytes) = data.data else { continue }
                words.append("data \(String(buffer: bytes))" + (data.endStream ? " end" : ""))
            case .rstStream(let code): words.append("reset \(code.networkCode)")
            default: words.append("\(payload)")
            }
        }
        return words
    }

    @Test("what comes behind a CONNECT waits for its answer, with its end")
    func holding() throws {
        try receive(connect, ends: false)
        #expect(stream.connectProtocol == "websocket")
        try receive("early")
        try receive("", ends: true)
        #expect(recorder.received == "" && !recorder.inputHasClosed)
        stream.becomeByteStream()
        #expect(recorder.received == "early" && recorder.inputHasClosed)
    }

    @Test("bytes pass both ways, and half a close is the end of one side")
    func bytes() throws {
        try receive(connect, ends: false)
        stream.becomeByteStream()
        try receive("one")
        try receive("two", ends: true)
        #expect(recorder.received == "onetwo" && recorder.inputHasClosed)
        try channel.writeOutbound(ByteBuffer(string: "three"))
        try channel.close(mode: .output).wait()
        // A second time there is nothing left to end.
        try channel.close(mode: .output).wait()
        #expect(try written() == ["data three", "data  end"])
        #expect(channel.isActive)
    }

    @Test("closing where the client has ended its side ends ours, without a reset")
    func closing() throws {
        try receive(connect, ends: false)
        stream.becomeByteStream()
        try receive("", ends: true)
        channel.close(promise: nil)
        #expect(try written() == ["data  end"])
    }

    @Test("closing while the end of our side is on its way lets it arrive")
    func closingTwice() throws {
        try receive(connect, ends: false)
        stream.becomeByteStream()
        try receive("", ends: true)
        channel.close(mode: .output, promise: nil)
        channel.close(promise: nil)
        #expect(try written() == ["data  end"])
        // A channel that was closed itself would have reset the stream.
        #expect(channel.isActive)
    }

    @Test("closing after the whole answer tells the client without an error not to send the rest of its request")
    func closingEarly() throws {
        try receive(get, ends: false)
        try channel.close(mode: .output).wait()
        channel.close(promise: nil)
        #expect(try written() == ["data  end", "reset 0"])
    }

    @Test("closing in the middle of an answer resets the stream: it is not whole")
    func aborting() throws {
        try receive(get, ends: true)
        try channel.writeOutbound(ByteBuffer(string: "half"))
        channel.close(promise: nil)
        // The channel of a stream makes a reset of it.
        #expect(try written() == ["data half"])
        #expect(!channel.isActive)
    }

    @Test("bytes are counted until they are written, and the count is right for whoever waits for the write")
    func counting() throws {
        try receive(connect, ends: false)
        stream.becomeByteStream()
        let promise = channel.eventLoop.makePromise(of: Void.self)
        var seen: Int?
        promise.futureResult.assumeIsolated().whenSuccess { seen = stream.waitingBytes }
        channel.pipeline.write(ByteBuffer(string: "12345"), promise: promise)
        #expect(stream.waitingBytes == 5 && seen == nil)
        channel.flush()
        #expect(stream.waitingBytes == 0 && seen == 0)
    }
}
