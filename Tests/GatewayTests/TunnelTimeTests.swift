import NIOCore
import NIOEmbedded
import Testing
import WebSocket

@testable import Gateway

@Suite("The times of a tunnel") struct TunnelTimeTests {
    private func tunnel(_ fixture: GatewayFixture, _ service: TunnelService) -> Tunnel {
        Tunnel(service: service, frames: .binary, gateway: fixture.gateway, info: fixture.info(.tunnel))
    }

    private func backend(_ fixture: GatewayFixture) throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(loop: fixture.loop)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 7007)).wait()
        return channel
    }

    private let service = TunnelService(
        .any([TunnelBackend(.host("127.0.0.1", port: "7007"))]),
        idleTimeout: .seconds(10),
        halfCloseTimeout: .milliseconds(100)
    )

    @Test("a backend that is connected after its client has left is closed, however long after")
    func lateBackend() throws {
        for wait in [TimeAmount.milliseconds(50), .seconds(4)] {
            let fixture = GatewayFixture()
            let tunnel = tunnel(fixture, service)
            let client = try fixture.connect(tunnel)
            _ = try client.finish(acceptAlreadyClosed: true)
            fixture.loop.advanceTime(by: wait)
            let backend = try backend(fixture)
            tunnel.backendConnected(backend)
            #expect(!backend.isActive)
        }
    }

    /// A tunnel whose client has sent a byte and its close, and whose backend has taken neither yet.
    private func closedByClient(_ fixture: GatewayFixture) throws -> (backend: EmbeddedChannel, socket: HeldSocket) {
        let service = TunnelService(
            .any([TunnelBackend(.host("127.0.0.1", port: "7007"))]),
            halfCloseTimeout: .milliseconds(100)
        )
        let tunnel = tunnel(fixture, service)
        var options = WebSocketOptions()
        options.delivery = .streamed
        options.closeReplyLimit = .minutes(10)
        let client = try fixture.connect(tunnel, options: options)
        let backend = try backend(fixture)
        let socket = HeldSocket()
        try backend.pipeline.syncOperations.addHandler(socket)
        tunnel.backendConnected(backend)
        let frames: [UInt8] = [0x82, 0x81, 0, 0, 0, 0, 0x41, 0x88, 0x80, 0, 0, 0, 0]
        _ = try client.writeInbound(ByteBuffer(bytes: frames))
        return (backend, socket)
    }

    @Test("halfCloseTimeout begins when the backend has taken everything")
    func slowWrites() throws {
        let fixture = GatewayFixture()
        let (backend, socket) = try closedByClient(fixture)
        fixture.loop.advanceTime(by: .seconds(30))
        #expect(backend.isActive && !socket.outputHasEnded)
        socket.release()
        #expect(socket.outputHasEnded)
        fixture.loop.advanceTime(by: .milliseconds(90))
        #expect(backend.isActive)
        fixture.loop.advanceTime(by: .milliseconds(20))
        #expect(!backend.isActive)
    }

    @Test("a backend that takes nothing of what the client sent is given up after a minute")
    func stalledWrites() throws {
        let fixture = GatewayFixture()
        let (backend, socket) = try closedByClient(fixture)
        fixture.loop.advanceTime(by: .seconds(59))
        #expect(backend.isActive && !socket.outputHasEnded)
        fixture.loop.advanceTime(by: .seconds(2))
        #expect(!backend.isActive)
    }

    @Test("idleTimeout begins when both sides are there")
    func idle() throws {
        let fixture = GatewayFixture()
        fixture.loop.advanceTime(by: .hours(1))
        let tunnel = tunnel(fixture, service)
        let client = try fixture.connect(tunnel)
        fixture.loop.advanceTime(by: .seconds(9))
        tunnel.backendConnected(try backend(fixture))
        fixture.loop.advanceTime(by: .seconds(9))
        #expect(try client.readOutbound(as: ByteBuffer.self) == nil)
        fixture.loop.advanceTime(by: .seconds(4))
        #expect(try client.readOutbound(as: ByteBuffer.self)?.readableBytes ?? 0 > 0)
    }

    @Test("all steps to one backend share one time")
    func deadline() throws {
        let loop = EmbeddedEventLoop()
        let steps = (0..<3).map { _ in loop.makePromise(of: (any Channel).self) }
        let late = EmbeddedChannel(loop: loop)
        let begun = EmbeddedChannel(loop: loop)
        for channel in [late, begun] {
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        }
        let result = ConnectDeadline(.seconds(5), on: loop).limit { deadline in
            deadline.guards(begun)
            return steps[0].futureResult.flatMapError { _ in steps[1].futureResult }
        }
        let failure = NIOLoopBoundBox<(any Error)?>(nil, eventLoop: loop)
        result.whenFailure { failure.value = $0 }
        loop.advanceTime(by: .seconds(3))
        steps[0].fail(ChannelError.eof)
        loop.advanceTime(by: .seconds(3))
        #expect(failure.value is ChannelError)
        #expect(!begun.isActive)
        // Nobody waits for it any more.
        steps[1].succeed(late)
        loop.run()
        #expect(!late.isActive)
        steps[2].fail(ChannelError.eof)
        _ = try? begun.finish(acceptAlreadyClosed: true)
    }

    @Test("what is connected in time is handed on and stays")
    func inTime() throws {
        let loop = EmbeddedEventLoop()
        let channel = EmbeddedChannel(loop: loop)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        let result = ConnectDeadline(.seconds(5), on: loop).limit { deadline in
            deadline.guards(channel)
            return loop.makeSucceededFuture(channel)
        }
        #expect(try result.wait() === channel)
        loop.advanceTime(by: .seconds(10))
        #expect(channel.isActive)
    }
}

/// A socket whose kernel takes nothing until it is told to.
private final class HeldSocket: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    private(set) var outputHasEnded = false
    private var held: [EventLoopPromise<Void>?]? = []

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if held == nil { promise?.succeed() } else { held?.append(promise) }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .output {
            outputHasEnded = true
            promise?.succeed()
        } else {
            for promise in held ?? [] { promise?.fail(ChannelError.ioOnClosedChannel) }
            held = nil
            context.close(mode: mode, promise: promise)
        }
    }

    func release() {
        let promises = held ?? []
        held = nil
        for promise in promises { promise?.succeed() }
    }
}
