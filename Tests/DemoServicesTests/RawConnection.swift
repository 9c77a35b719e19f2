import Foundation
import NIOCore
import NIOPosix
import Testing

/// A plain TCP client for tests: what arrives is collected, and waited for with a deadline.
final class RawConnection: Sendable {
    private let channel: any Channel
    private let inbox: NIOLoopBound<Inbox>

    private init(channel: any Channel, inbox: NIOLoopBound<Inbox>) {
        self.channel = channel
        self.inbox = inbox
    }

    /// - Parameter autoRead: False makes a client that does not read until ``startReading()``, and that has the
    ///   system hold little for it meanwhile.
    static func open(port: Int, autoRead: Bool = true) async throws -> RawConnection {
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        if !autoRead { bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: 16 * 1_024) }
        let channel =
            try await bootstrap
            .channelOption(.autoRead, value: autoRead)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Inbox())
                }
            }
            .connect(host: "127.0.0.1", port: port)
            .get()
        let inbox = try await channel.eventLoop.submit {
            NIOLoopBound(try channel.pipeline.syncOperations.handler(type: Inbox.self), eventLoop: channel.eventLoop)
        }.get()
        return RawConnection(channel: channel, inbox: inbox)
    }

    func send(_ text: String) async throws {
        try await channel.writeAndFlush(ByteBuffer(string: text))
    }

    /// Returns when the bytes are handed to the system.
    func send(_ bytes: ByteBuffer) async throws {
        try await channel.writeAndFlush(bytes)
    }

    /// Queues the bytes without waiting for them to be taken. Once it returns, ``isWritable`` counts them.
    func queue(_ bytes: ByteBuffer) async throws {
        try await channel.eventLoop.submit { [channel] in channel.writeAndFlush(bytes, promise: nil) }.get()
    }

    var isWritable: Bool { channel.isWritable }

    func endOutput() async throws {
        try await channel.close(mode: .output)
    }

    func startReading() async throws {
        try await channel.setOption(.autoRead, value: true).get()
    }

    func close() async {
        try? await channel.close()
    }

    /// Waits until the text received so far contains `text`; returns all of it.
    @discardableResult
    func wait(for text: String, within limit: TimeAmount = .seconds(20)) async throws -> String {
        let wanted = Data(text.utf8)
        let buffer = try await wait(within: limit) { $0.contains(wanted) }
        return String(buffer: buffer)
    }

    /// Waits for the end of the stream; returns all that was received.
    func waitForEnd(within limit: TimeAmount = .seconds(30)) async throws -> ByteBuffer {
        try await wait(within: limit) { $0.hasEnded }
    }

    private func wait(
        within limit: TimeAmount,
        until condition: @escaping @Sendable (Inbox) -> Bool
    ) async throws -> ByteBuffer {
        let loop = channel.eventLoop
        let inbox = inbox
        return try await loop.flatSubmit {
            let promise = loop.makePromise(of: ByteBuffer.self)
            let deadline = loop.scheduleTask(in: limit) {
                promise.fail(TimedOut(received: String(buffer: inbox.value.received.prefix(2_000))))
            }
            promise.futureResult.whenComplete { _ in deadline.cancel() }
            inbox.value.wait(promise, until: condition)
            return promise.futureResult
        }.get()
    }

    struct TimedOut: Error {
        let received: String
    }

    final class Inbox: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private(set) var received = ByteBuffer()
        private(set) var hasEnded = false
        /// Where the search for the text waited for goes on: what lies before it has been looked at.
        private var searchStart = 0
        private var waiting: (condition: (Inbox) -> Bool, promise: EventLoopPromise<ByteBuffer>)?

        func wait(_ promise: EventLoopPromise<ByteBuffer>, until condition: @escaping (Inbox) -> Bool) {
            waiting = (condition, promise)
            searchStart = 0
            check()
        }

        func contains(_ wanted: Data) -> Bool {
            let rest = Data(received.readableBytesView.dropFirst(searchStart))
            if rest.range(of: wanted) != nil { return true }
            searchStart += max(0, rest.count - wanted.count)
            return false
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var buffer = unwrapInboundIn(data)
            received.writeBuffer(&buffer)
        }

        func channelReadComplete(context: ChannelHandlerContext) {
            check()
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if let event = event as? ChannelEvent, event == .inputClosed { end() }
        }

        func channelInactive(context: ChannelHandlerContext) {
            end()
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }

        private func end() {
            hasEnded = true
            check()
        }

        private func check() {
            guard let (condition, promise) = waiting else { return }
            let isMet = condition(self)
            guard isMet || hasEnded else { return }
            waiting = nil
            if isMet {
                promise.succeed(received)
            } else {
                promise.fail(TimedOut(received: String(buffer: received.prefix(2_000))))
            }
        }
    }
}

extension ByteBuffer {
    fileprivate func prefix(_ length: Int) -> ByteBuffer {
        getSlice(at: readerIndex, length: Swift.min(length, readableBytes)) ?? ByteBuffer()
    }
}
