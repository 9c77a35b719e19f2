import Foundation
import Testing

@Suite("Clients that do not read")
struct SlowClientTests {
    /// 200 KB of which half changes from one number to the next.
    private func document(_ number: Int) -> String {
        let items = (0..<200).map { index in
            let age = index % 2 == number % 2 ? number : number - 1
            // Something that no compression and no common prefix makes small.
            var seed = UInt64(bitPattern: Int64(index &* 1_000_003 &+ age &* 7919 &+ 1))
            let text = (0..<80).map { _ -> String in
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return String(seed, radix: 36)
            }
            return #"{"id":\#(index),"text":"\#(text.joined())"}"#
        }
        return #"{"number":\#(number),"items":[\#(items.joined(separator: ","))]}"#
    }

    @Test("cost no memory while 200 KB change ten times a second, disturb nobody, and are right at the end")
    func flat() async throws {
        let documents = (0...120).map(document)
        let upstream = try await LegacyUpstream(.json(documents[0]))
        // Who reads nothing is given up in the end, which is not what is looked at here.
        let settings = AdminListener.setting + #""keepAlive": { "ping": "30s", "timeout": "10m" },"#
        try await withBridge(pollRoute(upstream, interval: "100ms"), settings: settings) { bridge in
            let admin = try await AdminListener(of: bridge)
            let clients = try ChildProcess(
                try Places.python(),
                [Places.scripts.appending(path: "slow.py").path(), bridge.webSocketURL("/scores/a"), "36", "6"]
            )
            func says(_ words: String) async throws {
                let line = try await clients.line(within: .seconds(120))
                #expect(line == words, "\(clients.errors.suffix(2000))")
            }
            try await says("connected")
            func advance(to number: Int) async throws {
                upstream.answer(.json(documents[number]))
                try clients.write(line: versionID(of: documents[number]))
                // Each of them gets each state, however many others are stuck.
                try await says("reached")
            }
            // The sockets of the slow ones fill up, and the history and the caches too.
            for number in 1...50 { try await advance(to: number) }
            let before = try bridge.memory("VmRSS")
            for number in 51..<documents.count { try await advance(to: number) }
            let growth = try bridge.memory("VmRSS") - before
            // Queues would have grown by 70 versions of 600 KB, even where all clients of a kind share their bytes.
            #expect(growth < 20 << 20, "grew by \(growth >> 10) KiB")
            #expect(try await admin.metrics()[#"conflated_total{route="/scores/{league}"}"#] ?? 0 > 500)
            try clients.write(line: "resume")
            try clients.write(line: "slow " + versionID(of: documents[documents.count - 1]))
            let most = Int(try #require(try await clients.line(within: .seconds(120))))
            // What the kernel had taken before it was full, and then one step to the newest.
            let messages = try #require(most)
            #expect(messages < 100)
            try clients.closeInput()
            #expect(try await clients.end() == .exited(0), "\(clients.errors.suffix(2000))")
        }
    }

    @Test("are given up after the timeout, also where the bridge holds back what they send", arguments: [true, false])
    func silence(speaksVersion1: Bool) async throws {
        // No socket takes it at once, and it is there in the form that clients without compression get.
        let text = #"["\#(String(repeating: "a", count: 20 << 20))"]"#
        let upstream = try await LegacyUpstream(.json(text))
        let route = pollRoute(upstream, interval: "10m", #""maxBody": "32MiB", "timeout": "30s""#)
        let settings = #""accessLog": "json", "keepAlive": { "ping": "1s", "timeout": "5s" },"#
        try await withBridge(route, settings: settings) { bridge in
            let reader = try await WebSocketClient.open(
                bridge.webSocketURL("/scores/a"),
                subprotocols: speaksVersion1 ? ["pushbridge.v1"] : [],
                compression: false
            )
            _ = try await reader.text()
            let client = try await RawConnection.open(port: bridge.port, reads: false)
            let header = speaksVersion1 ? "Sec-WebSocket-Protocol: pushbridge.v1" : "X-None: x"
            try await client.send(RawFrame.handshake("/scores/a", header))
            try await eventually("the end", seen: { bridge.process.errors }) {
                bridge.process.errors.contains(#""end":"silence""#)
            }
        }
    }
}
