import NIOCore
import NIOPosix
import Testing
import WebSocket

@Suite("The bound on what a peer has sent ahead")
struct ReceiveWindowTests {
    private static let option = ChannelOptions.socketOption(.so_rcvbuf)

    /// The size of a receive buffer that began with `size` (which Linux doubles), after `reads` have been counted.
    private func size(of size: Int, largest: Int, fixed: Int, after reads: [Int]) async throws -> Int {
        let group = MultiThreadedEventLoopGroup.singleton
        let listener = try await ServerBootstrap(group: group).bind(host: "127.0.0.1", port: 0).get()
        let channel = try await ClientBootstrap(group: group)
            .channelOption(Self.option, value: SocketOptionValue(size))
            .connect(to: try #require(listener.localAddress)).get()
        let result = try await channel.eventLoop.submit {
            var window = ReceiveWindow(largest: largest, fixed: fixed)
            for count in reads { window.received(count, from: channel) }
            return try #require(try channel.syncOptions?.getOption(Self.option))
        }.get()
        try await channel.close()
        try await listener.close()
        return Int(result)
    }

    @Test("a buffer that grew past the bound is fixed at a smaller size")
    func past() async throws {
        let size = try await size(of: 100_000, largest: 150_000, fixed: 40_000, after: [100_000, 100_000])
        #expect(size == 80_000)
    }

    @Test("one that did not is left alone")
    func within() async throws {
        let size = try await size(of: 100_000, largest: 200_000, fixed: 40_000, after: [1 << 20, 1 << 20])
        #expect(size == 200_000)
    }

    @Test("a peer that sent little is not looked at")
    func little() async throws {
        let size = try await size(of: 100_000, largest: 150_000, fixed: 40_000, after: [1000, 100_000])
        #expect(size == 200_000)
    }
}
