import Foundation
import Testing

@Suite("Messages to a slow endpoint")
struct SendBoundsTests {
    /// A route whose endpoint answers its first message when the gate is open, and later ones at once.
    private func upstream(_ gate: Gate) async throws -> LegacyUpstream {
        try await LegacyUpstream { request in
            guard request.method == "POST" else { return .json(#"{"a":1}"#) }
            var answer = LegacyUpstream.Answer.json(request.body)
            answer.gate = gate
            return answer
        }
    }

    private func routes(_ upstream: LegacyUpstream) -> String {
        pollRoute(
            upstream,
            interval: "10m",
            #""timeout": "2m", "send": { "url": "\#(upstream.url("/post"))", "contentType": "text/plain" }"#
        ) + #", { "path": "/connect", "multiplex": {} }"#
    }

    @Test("wait in one line for each topic, however often it is subscribed anew, and past 64 they are refused")
    func messages() async throws {
        let gate = Gate()
        let upstream = try await upstream(gate)
        try await withBridge(routes(upstream)) { bridge async throws in
            let client = try await bridge.version1("/connect")
            func subscribe(_ topic: String) throws { try client.send(#"{"type":"subscribe","topic":"\#(topic)"}"#) }
            func send(_ number: Int, to topic: String = "/scores/a") throws {
                try client.send(#"{"type":"send","topic":"\#(topic)","data":"\#(number)","ref":\#(number)}"#)
            }
            try subscribe("/scores/a")
            try subscribe("/scores/b")
            for number in 1...100 {
                switch number % 10 {
                case 3: try subscribe("/scores/a")
                case 6:
                    try client.send(#"{"type":"unsubscribe","topic":"/scores/a"}"#)
                    try subscribe("/scores/a")
                default: break
                }
                try send(number)
            }
            // What waits is the connection's, whatever the topic.
            try send(101, to: "/scores/b")
            var refused: [Double] = []
            while refused.count < 37 {
                let message = try await client.json()
                #expect(message["type"] != "sent")
                guard message["type"] == "error" else { continue }
                #expect(message["code"] == 429)
                refused.append(message["ref"]?.double ?? 0)
            }
            #expect(refused == (65...101).map(Double.init))
            try await eventually("the first message") { upstream.requests.contains { $0.method == "POST" } }
            #expect(upstream.requests.filter { $0.method == "POST" }.count == 1)
            gate.open()
            var answered: [Double] = []
            while answered.count < 64 {
                let message = try await client.json()
                if message["type"] == "sent" { answered.append(message["ref"]?.double ?? 0) }
            }
            #expect(answered == (1...64).map(Double.init))
            let posted = upstream.requests.filter { $0.method == "POST" }.map(\.body)
            #expect(posted == (1...64).map(String.init))
            // There is room again.
            try send(102, to: "/scores/b")
            var last = try await client.json()
            while last["type"] != "sent" { last = try await client.json() }
            #expect(last["ref"] == 102)
        }
    }

    @Test("wait with no more bytes than two of the largest messages have")
    func bytes() async throws {
        let gate = Gate()
        let upstream = try await upstream(gate)
        try await withBridge(routes(upstream), settings: #""limits": { "message": "64KiB" },"#) { bridge async throws in
            let client = try await bridge.version1("/connect")
            for name in ["a", "b", "c", "d"] { try client.send(#"{"type":"subscribe","topic":"/scores/\#(name)"}"#) }
            let data = String(repeating: "x", count: 40 << 10)
            for (number, name) in ["a", "b", "c", "d"].enumerated() {
                try client.send(#"{"type":"send","topic":"/scores/\#(name)","data":"\#(data)","ref":\#(number)}"#)
            }
            var message = try await client.json()
            while message["type"] != "error" { message = try await client.json() }
            #expect(message["code"] == 429 && message["ref"] == 3)
            gate.open()
            var answered = 0
            while answered < 3 { if try await client.json()["type"] == "sent" { answered += 1 } }
        }
    }

    @Test("are dropped past 64 where there is no word to refuse them")
    func bare() async throws {
        let gate = Gate()
        let upstream = try await upstream(gate)
        try await withBridge(routes(upstream)) { bridge async throws in
            let client = try await bridge.webSocket("/scores/a")
            #expect(try await client.text() == #"{"a":1}"#)
            for number in 1...100 { try client.send("\(number)") }
            try await eventually("the first message") { upstream.requests.contains { $0.method == "POST" } }
            // All of them have come once the bridge has answered what was sent behind them.
            try client.close()
            #expect(try await client.closeCode() == 1000)
            gate.open()
            let expected = (1...64).map(String.init)
            try await eventually("64 messages") { upstream.requests.filter { $0.method == "POST" }.count >= 64 }
            try await upstream.isQuiet()
            #expect(upstream.requests.filter { $0.method == "POST" }.map(\.body) == expected)
        }
    }
}
