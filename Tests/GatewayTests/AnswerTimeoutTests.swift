import Logging
import NIOCore
import NIOPosix
import Testing
import Topics

@testable import Gateway

@Suite("The time to read an answer") struct AnswerTimeoutTests {
    @Test("counts for each part of a file too: who asks for one and reads nothing is let go")
    func file() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let file = [UInt8](repeating: 0x61, count: 32 << 20)
        let server = GatewayServer(
            group: group,
            settings: GatewaySettings(answerTimeout: .milliseconds(500), drain: .zero),
            routes: [
                GatewayRoute(
                    pattern: RoutePattern(text: "/", segments: []),
                    origins: .sameOrigin,
                    service: .files(FilesService(embedded: ["large.bin": file]))
                )
            ],
            topics: TopicRegistry(),
            accessLog: nil,
            logger: Logger(label: "test")
        )
        let address = try #require(try await server.start([ListenerAddress(host: "127.0.0.1", port: 0)]).first)
        let client = try await ClientBootstrap(group: group)
            .channelOption(.autoRead, value: false)
            .connect(host: address.host, port: address.port).get()
        try await client.writeAndFlush(ByteBuffer(string: "GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n"))
        let deadline = ContinuousClock.now + .seconds(30)
        while server.connectionCount == 0, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(server.connectionCount == 1)
        while server.connectionCount > 0, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(5)) }
        #expect(server.connectionCount == 0)
        try? await client.close()
        await server.stop()
    }
}
