import Foundation
import Testing

@Suite("The end of the process")
struct SignalTests {
    private let route = #"{ "path": "/rooms/{room}", "channel": { "echo": true } }"#

    @Test(
        "SIGTERM and SIGINT tell WebSockets 1001 and end with 0 within drain and two seconds",
        arguments: [
            SIGTERM, SIGINT,
        ]
    )
    func stop(signal: Int32) async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        let backend = try await TCPBackend(.silent)
        let routes = [route, pollRoute(upstream), tunnelRoute(backend)].joined(separator: ",")
        try await within(Turnstile.bridges) {
            let bridge = try await BridgeUnderTest.serve(routes, settings: #""drain": "1s","#)
            let clients = [
                try await bridge.webSocket("/rooms/a"), try await bridge.version1("/scores/a"),
                try await bridge.webSocket("/scores/a"), try await bridge.webSocket("/tunnel"),
            ]
            let (stream, _) = try await EventStream.open(bridge.url("/scores/a"))
            _ = try await stream.next()
            let start = ContinuousClock.now
            bridge.process.signal(signal)
            for client in clients { #expect(try await client.closeCode() == 1001) }
            #expect(try await bridge.process.end() == .exited(0), "\(bridge.process.errors)")
            let elapsed = ContinuousClock.now - start
            #expect(elapsed < .seconds(3), "it took \(elapsed)")
            #expect(try await stream.next() == nil)
            #expect(try await stream.end() == .exited(0))
        }
    }

    @Test("no new connection is taken once it stops")
    func noNewConnections() async throws {
        try await within(Turnstile.bridges) {
            let bridge = try await BridgeUnderTest.serve(route, settings: #""drain": "2s","#)
            let clients = [try await bridge.webSocket("/rooms/a"), try await bridge.webSocket("/rooms/a")]
            bridge.process.signal(SIGTERM)
            #expect(try await clients[0].closeCode() == 1001)
            await #expect(throws: (any Error).self) { _ = try await Curl(bridge.url("/")) }
            #expect(try await bridge.process.end() == .exited(0))
        }
    }

    @Test("the close of many clients is spread over drain")
    func spread() async throws {
        try await within(Turnstile.bridges) {
            let bridge = try await BridgeUnderTest.serve(route, settings: #""drain": "2s", "eventLoops": 1,"#)
            var clients: [WebSocketClient] = []
            for _ in 0..<4 { clients.append(try await bridge.webSocket("/rooms/a")) }
            bridge.process.signal(SIGTERM)
            let start = ContinuousClock.now
            var times: [Duration] = []
            try await withThrowingTaskGroup(of: Duration.self) { group in
                for client in clients {
                    group.addTask {
                        _ = try await client.closeCode()
                        return ContinuousClock.now - start
                    }
                }
                for try await time in group { times.append(time) }
            }
            #expect((times.max() ?? .zero) - (times.min() ?? .zero) > .milliseconds(900), "\(times)")
            #expect(try await bridge.process.end() == .exited(0))
        }
    }

    @Test("a client that does not answer the close does not hold the end up")
    func deafClient() async throws {
        try await within(Turnstile.bridges) {
            let bridge = try await BridgeUnderTest.serve(route, settings: #""drain": "200ms","#)
            let client = try await RawConnection.open(port: bridge.port)
            try await client.send(RawFrame.handshake("/rooms/a"))
            try await client.wait(for: RawFrame.accept)
            let start = ContinuousClock.now
            bridge.process.signal(SIGTERM)
            #expect(try await bridge.process.end() == .exited(0))
            #expect(ContinuousClock.now - start < .seconds(6))
        }
    }

    @Test("bytes that a tunnel has taken are delivered when the bridge stops")
    func tunnel() async throws {
        let backend = try await TCPBackend(.collect(answer: Data()))
        try await within(Turnstile.bridges) {
            let bridge = try await BridgeUnderTest.serve(tunnelRoute(backend), settings: #""drain": "500ms","#)
            let client = try await bridge.webSocket("/tunnel")
            try client.send(Data(repeating: 7, count: 100_000))
            _ = try await backend.first("the first byte") { $0.byteCount > 0 }
            bridge.process.signal(SIGTERM)
            #expect(try await client.closeCode() == 1001)
            let connection = try await backend.first("the end of stream") { $0.sawEnd }
            #expect(connection.byteCount == 100_000)
            #expect(try await bridge.process.end() == .exited(0))
        }
    }

    @Test("a request under way is answered, and says that the connection ends")
    func requestUnderWay() async throws {
        var slow = LegacyUpstream.Answer.json(#"{"a":1}"#)
        slow.delay = .milliseconds(600)
        let upstream = try await LegacyUpstream(slow)
        try await within(Turnstile.bridges) {
            let bridge = try await BridgeUnderTest.serve(pollRoute(upstream), settings: #""drain": "3s","#)
            async let answer = Curl(bridge.url("/scores/a"))
            try await eventually("the request at the upstream") { upstream.requests.count == 1 }
            bridge.process.signal(SIGTERM)
            #expect(try await answer.status == 200)
            #expect(try await answer["Connection"]?.lowercased() == "close")
            #expect(try await bridge.process.end() == .exited(0))
        }
    }

    @Test("a long poll is answered at its turn, with 304 and the word that the connection ends")
    func longPoll() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        try await within(Turnstile.bridges) {
            let bridge = try await BridgeUnderTest.serve(
                pollRoute(upstream),
                settings: #""drain": "20s", "eventLoops": 1,"#
            )
            let url = bridge.url("/scores/a")
            let tag = try #require(try await Curl(url)["ETag"])
            async let waiting = Curl(url, "-H", "If-None-Match: \(tag)", "-H", "Prefer: wait=110")
            // A topic that nobody wants is not polled any more.
            let asked = upstream.requests.count
            try await eventually("the long poll under way", within: .seconds(60)) {
                upstream.requests.count > asked + 3
            }
            let start = ContinuousClock.now
            bridge.process.signal(SIGTERM)
            let answer = try await waiting
            #expect(answer.status == 304)
            #expect(answer["Connection"]?.lowercased() == "close")
            #expect(answer["ETag"] == tag)
            #expect(try await bridge.process.end() == .exited(0))
            #expect(ContinuousClock.now - start < .seconds(15), "nobody is waited for any more")
        }
    }
}
