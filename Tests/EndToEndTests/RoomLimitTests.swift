import Foundation
import Testing

@Suite("What the rooms of a channel may hold")
struct RoomLimitTests {
    private func route(_ options: String = "") -> String {
        #"{ "path": "/rooms/{room}", "channel": { \#(options) } }, { "path": "/connect", "multiplex": {} }"#
    }

    private func refusal(_ bridge: BridgeUnderTest, _ path: String) async -> Int? {
        await #expect(throws: WebSocketClient.Refused.self) { _ = try await bridge.webSocket(path) }?.status
    }

    @Test("past maxRooms a new room is refused with 503, and those that there are take everybody")
    func rooms() async throws {
        try await withBridge(route(#""maxRooms": 2"#)) { bridge async throws in
            let a = try await bridge.webSocket("/rooms/a")
            let b = try await bridge.webSocket("/rooms/b")
            #expect(await refusal(bridge, "/rooms/c") == 503)
            let multiplexed = try await bridge.version1("/connect")
            try multiplexed.send(#"{"type":"subscribe","topic":"/rooms/c","ref":1}"#)
            let error = try await multiplexed.json()
            #expect(error["code"] == 503 && error["ref"] == 1)
            try multiplexed.send(#"{"type":"subscribe","topic":"/rooms/a"}"#)
            try multiplexed.send(#"{"type":"ping"}"#)
            #expect(try await multiplexed.json() == ["type": "pong"])
            try a.send("hello")
            #expect(try await multiplexed.json()["data"] == "hello")
            try b.close()
            #expect(try await b.closeCode() == 1000)
            let c = try await bridge.webSocket("/rooms/c")
            let other = try await bridge.webSocket("/rooms/c")
            try c.send("in c")
            #expect(try await other.text() == "in c")
        }
    }

    @Test("rooms that are only remembered make room for new ones, the longest empty first")
    func emptyRooms() async throws {
        try await withBridge(route(#""maxRooms": 2, "history": 3"#)) { bridge async throws in
            for name in ["a", "b", "c"] {
                let member = try await bridge.webSocket("/rooms/\(name)")
                try member.send("in \(name)")
                try member.close()
                #expect(try await member.closeCode() == 1000)
            }
            let (c, b) = (try await bridge.webSocket("/rooms/c"), try await bridge.webSocket("/rooms/b"))
            #expect(try await c.text() == "in c")
            #expect(try await b.text() == "in b")
            #expect(await refusal(bridge, "/rooms/d") == 503)
        }
    }

    @Test("a history has no more bytes than may wait for a member, and the oldest messages go first")
    func history() async throws {
        try await withBridge(route(#""history": 50, "buffer": "256KiB""#)) { bridge async throws in
            let sender = try await bridge.webSocket("/rooms/a")
            let witness = try await bridge.webSocket("/rooms/a")
            let padding = String(repeating: "x", count: 60 << 10)
            for number in 0..<10 {
                try sender.send("\(number) \(padding)")
                #expect(try await witness.text().hasPrefix("\(number) "))
            }
            let newcomer = try await bridge.webSocket("/rooms/a")
            for number in 6..<10 { #expect(try await newcomer.text().hasPrefix("\(number) ")) }
            // Larger than all that is kept: it is passed on, and nothing is left before it.
            try sender.send(String(repeating: "y", count: 300 << 10))
            #expect(try await newcomer.text().hasPrefix("y"))
            try sender.send("small")
            #expect(try await newcomer.text() == "small")
            #expect(try await bridge.webSocket("/rooms/a").text() == "small")
        }
    }

    @Test("a history that is as full as it may be shuts nobody out", arguments: [[], ["pushbridge.v1"]])
    func fullHistory(subprotocols: [String]) async throws {
        try await withBridge(route(#""history": 50, "buffer": "8MiB""#)) { bridge async throws in
            let url = bridge.webSocketURL("/rooms/a")
            let sender = try await WebSocketClient.open(url, compression: false)
            let witness = try await WebSocketClient.open(url, compression: false)
            // 20 × 1 MiB, in binary, which base64 makes a third larger.
            for number in 0..<20 {
                try sender.send(Data(repeating: UInt8(number), count: 1 << 20))
                #expect(try await witness.next() == .binary(Data(repeating: UInt8(number), count: 1 << 20)))
            }
            let newcomer = try await RawConnection.open(port: bridge.port, reads: false)
            let protocols = subprotocols.map { "Sec-WebSocket-Protocol: \($0)" }.first ?? "X-None: x"
            try await newcomer.send(RawFrame.handshake("/rooms/a", protocols))
            // It has read no more than that it is in, and others go on.
            try await newcomer.read(atLeast: 1)
            try sender.send("and then")
            #expect(try await witness.text() == "and then")
            try await newcomer.startReading()
            let bytes = try await newcomer.wait(until: { $0.suffix(64).firstRange(of: Data("and then".utf8)) != nil })
            let frames = RawFrame.framesBehindHead(in: bytes)
            #expect(frames.count == 9)
            #expect(!frames.contains { $0.opcode == 8 })
        }
    }

    @Test("a name is bounded on every way in")
    func names() async throws {
        try await withBridge(route()) { bridge async throws in
            let long = String(repeating: "a", count: 600)
            #expect(await refusal(bridge, "/rooms/\(long)") == 400)
            let client = try await bridge.version1("/connect")
            try client.send(#"{"type":"subscribe","topic":"/rooms/\#(long)","ref":1}"#)
            #expect(try await client.json()["code"] == 400)
        }
    }

    @Test(
        "a rate holds for pushbridge.v1 however often a room is left and entered",
        arguments: ["/connect", "/rooms/a"]
    )
    func rate(path: String) async throws {
        try await withBridge(route(#""rate": "5/h""#)) { bridge async throws in
            let listener = try await bridge.webSocket("/rooms/a")
            let client = try await bridge.version1(path)
            if path == "/rooms/a" { try client.send(#"{"type":"unsubscribe","topic":"/rooms/a"}"#) }
            if path == "/rooms/a" { #expect(try await client.json()["type"] == "unsubscribed") }
            for number in 1...6 {
                try client.send(#"{"type":"subscribe","topic":"/rooms/a"}"#)
                try client.send(#"{"type":"send","topic":"/rooms/a","data":"\#(number)","ref":\#(number)}"#)
                try client.send(#"{"type":"unsubscribe","topic":"/rooms/a"}"#)
                var answer = try await client.json()
                if answer["type"] == "error" {
                    #expect(answer["code"] == 429 && answer["ref"] == 6, "\(answer)")
                    answer = try await client.json()
                } else {
                    #expect(number < 6)
                    #expect(try await listener.text() == "\(number)")
                }
                #expect(answer["type"] == "unsubscribed")
            }
        }
    }

    @Test("a message of pushbridge.v1 may be as large as the channel's largest, and a larger one is an error")
    func messageLimit() async throws {
        try await withBridge(route(#""message": "1KiB""#)) { bridge async throws in
            let client = try await bridge.version1("/rooms/a")
            let listener = try await bridge.webSocket("/rooms/a")
            let largest = String(repeating: "x", count: 1024)
            try client.send(#"{"type":"send","topic":"/rooms/a","data":"\#(largest)","ref":1}"#)
            #expect(try await listener.text() == largest)
            // Its escapes are no part of what it says.
            let escaped = String(repeating: #"\u0416"#, count: 512)
            try client.send(#"{"type":"send","topic":"/rooms/a","data":"\#(escaped)","ref":2}"#)
            #expect(try await listener.text() == String(repeating: "Ж", count: 512))
            try client.send(#"{"type":"send","topic":"/rooms/a","data":"x\#(largest)","ref":3}"#)
            let refusal = try await client.json()
            #expect(refusal["code"] == 413 && refusal["ref"] == 3)
            try client.send(#"{"type":"ping"}"#)
            #expect(try await client.json() == ["type": "pong"])
        }
    }
}
