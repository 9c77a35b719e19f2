import Foundation
import Testing

@Suite("A channel: everybody gets what everybody else sends")
struct ChannelTests {
    private func route(_ options: String = "") -> String {
        #"{ "path": "/rooms/{room}", "channel": { \#(options) } }"#
    }

    @Test("text stays text and binary stays binary, for all others and not for the sender")
    func broadcast() async throws {
        try await withBridge(route()) { bridge in
            let clients = [
                try await bridge.webSocket("/rooms/a"), try await bridge.webSocket("/rooms/a"),
                try await bridge.webSocket("/rooms/a"),
            ]
            let elsewhere = try await bridge.webSocket("/rooms/b")
            try clients[0].send("grüß")
            for client in clients[1...] { #expect(try await client.next() == .text("grüß")) }
            try clients[1].send(Data([0, 255]))
            #expect(try await clients[0].next() == .binary(Data([0, 255])))
            #expect(try await clients[2].next() == .binary(Data([0, 255])))
            // The sender's next message is somebody else's, and the other room heard nothing.
            try clients[2].send("end")
            #expect(try await clients[1].next() == .text("end"))
            let other = try await bridge.webSocket("/rooms/b")
            try other.send("b")
            #expect(try await elsewhere.next() == .text("b"))
        }
    }

    @Test("with echo the sender gets its own too")
    func echo() async throws {
        try await withBridge(route(#""echo": true"#)) { bridge in
            let client = try await bridge.webSocket("/rooms/a")
            try client.send("me")
            #expect(try await client.next() == .text("me"))
            let version1 = try await bridge.version1("/rooms/a")
            try version1.send(#"{"type":"send","topic":"/rooms/a","data":{"x":1}}"#)
            #expect(try await version1.json() == ["type": "message", "topic": "/rooms/a", "data": ["x": 1]])
            #expect(try await client.next() == .text(#"{"x":1}"#))
        }
    }

    @Test("a newcomer is sent the last messages, in order, then what comes")
    func history() async throws {
        try await withBridge(route(#""history": 3"#)) { bridge in
            let sender = try await bridge.webSocket("/rooms/a")
            let witness = try await bridge.webSocket("/rooms/a")
            for number in 1...4 { try sender.send("\(number)") }
            try sender.send(Data([5]))
            for number in 1...4 { #expect(try await witness.text() == "\(number)") }
            #expect(try await witness.next() == .binary(Data([5])))
            let newcomer = try await bridge.webSocket("/rooms/a")
            #expect(try await newcomer.next() == .text("3"))
            #expect(try await newcomer.next() == .text("4"))
            #expect(try await newcomer.next() == .binary(Data([5])))
            try sender.send("6")
            #expect(try await newcomer.next() == .text("6"))
            let version1 = try await bridge.version1("/rooms/a")
            #expect(try await version1.json()["data"] == "4")
        }
    }

    @Test("without a history a newcomer is sent nothing")
    func noHistory() async throws {
        try await withBridge(route()) { bridge in
            let sender = try await bridge.webSocket("/rooms/a")
            let witness = try await bridge.webSocket("/rooms/a")
            try sender.send("1")
            #expect(try await witness.text() == "1")
            let newcomer = try await bridge.webSocket("/rooms/a")
            try sender.send("2")
            #expect(try await newcomer.text() == "2")
        }
    }

    @Test("a client that sends more than its rate is closed with 1008, and the others live on")
    func rate() async throws {
        try await withBridge(route(#""rate": "5/h""#)) { bridge in
            let loud = try await bridge.webSocket("/rooms/a")
            let listener = try await bridge.webSocket("/rooms/a")
            for number in 1...6 { try loud.send("\(number)") }
            for number in 1...5 { #expect(try await listener.text() == "\(number)") }
            #expect(try await loud.closeCode() == 1008)
            try listener.send("still here")
            let version1 = try await bridge.version1("/rooms/a")
            for _ in 1...5 { try version1.send(#"{"type":"send","topic":"/rooms/a","data":1}"#) }
            for _ in 1...5 { #expect(try await listener.text() == "1") }
            try version1.send(#"{"type":"send","topic":"/rooms/a","data":1,"ref":1}"#)
            #expect(try await version1.json()["code"] == 429)
        }
    }

    @Test("a message larger than the limit is closed with 1009")
    func messageLimit() async throws {
        try await withBridge(route(#""message": "1KiB""#)) { bridge in
            let client = try await bridge.webSocket("/rooms/a")
            let listener = try await bridge.webSocket("/rooms/a")
            let largest = String(repeating: "x", count: 1024)
            try client.send(largest)
            #expect(try await listener.text() == largest)
            try client.send(largest + "x")
            #expect(try await client.closeCode() == 1009)
        }
    }

    @Test("the limit holds for what a compressed message inflates to")
    func compressedLimit() async throws {
        try await withBridge(route(#""message": "64KiB""#)) { bridge in
            let client = try await bridge.webSocket("/rooms/a")
            #expect(client.extensions?.contains("permessage-deflate") == true)
            try client.send(String(repeating: "x", count: 1 << 20))
            #expect(try await client.closeCode() == 1009)
        }
    }

    @Test("a member that does not read is closed with 1013, and the others get every message")
    func slowMember() async throws {
        try await withBridge(route(#""buffer": "256KiB""#)) { bridge in
            let slow = try await WebSocketClient.open(bridge.webSocketURL("/rooms/a"), compression: false)
            let quick = try await WebSocketClient.open(bridge.webSocketURL("/rooms/a"), compression: false)
            let sender = try await WebSocketClient.open(bridge.webSocketURL("/rooms/a"), compression: false)
            try slow.pause()
            let padding = String(repeating: "y", count: 100_000)
            for number in 0..<200 {
                try sender.send("\(number) \(padding)")
                #expect(try await quick.text() == "\(number) \(padding)")
            }
            try slow.resume()
            var last = -1
            while true {
                switch try await slow.next() {
                case .text(let text):
                    let number = Int(text.prefix { $0 != " " })
                    #expect(number == last + 1)
                    last = number ?? last
                    continue
                case .closed(let code, _): #expect(code == 1013)
                case .binary: Issue.record("a binary message")
                }
                break
            }
            #expect(last < 199)
            try quick.send("alive")
            #expect(try await sender.text() == "alive")
        }
    }

    @Test("all members see the messages of many senders in one order, whatever their event loop")
    func order() async throws {
        try await withBridge(route(#""echo": true"#), settings: #""eventLoops": 4,"#) { bridge in
            try await Script("order.py", [bridge.webSocketURL("/rooms/a"), "12", "50"])
        }
    }

    @Test("rooms whose names decode to the same are one, and others are not")
    func names() async throws {
        try await withBridge(route()) { bridge in
            let one = try await bridge.webSocket("/rooms/caf%C3%A9")
            let same = try await bridge.webSocket("/rooms/caf%c3%a9")
            let other = try await bridge.webSocket("/rooms/caf%C3%A9%2Fx")
            try one.send("to café")
            #expect(try await same.text() == "to café")
            let second = try await bridge.webSocket("/rooms/caf%C3%A9%2Fx")
            try second.send("to the other")
            #expect(try await other.text() == "to the other")
        }
    }
}
