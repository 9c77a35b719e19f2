import Foundation
import Testing

@Suite("The upgrade, byte by byte")
struct HandshakeTests {
    private let route = #"{ "path": "/rooms/{room}", "channel": { "echo": true } }"#

    @Test("a good handshake is answered as RFC 6455 has it")
    func good() async throws {
        try await withBridge(route) { bridge in
            let client = try await RawConnection.open(port: bridge.port)
            try await client.send(RawFrame.handshake("/rooms/a"))
            let answer = try await client.wait(for: "\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
            #expect(answer.contains(RawFrame.accept + "\r\n"))
            #expect(answer.lowercased().contains("upgrade: websocket\r\n"))
            #expect(answer.lowercased().contains("connection: upgrade\r\n"))
            #expect(!answer.lowercased().contains("sec-websocket-protocol"))
            #expect(!answer.lowercased().contains("content-length"))
        }
    }

    @Test("frames that come with the request are not lost")
    func pipelinedFrames() async throws {
        try await withBridge(route) { bridge in
            let client = try await RawConnection.open(port: bridge.port)
            let frames = RawFrame.text("one") + RawFrame.text("two") + RawFrame.text("three")
            // The last one is cut, and its rest comes later.
            let bytes = Data(RawFrame.handshake("/rooms/a").utf8) + frames
            try await client.send(Data(bytes.dropLast(4)))
            try await client.wait(for: "two")
            try await client.send(Data(bytes.suffix(4)))
            let received = try await client.wait(until: { RawFrame.framesBehindHead(in: $0).count == 3 })
            #expect(
                RawFrame.framesBehindHead(in: received).map(\.payload) == ["one", "two", "three"].map { Data($0.utf8) }
            )
        }
    }

    @Test("GET, then an upgrade, on one connection that is kept alive")
    func keepAlive() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        try await withBridge(route + "," + pollRoute(upstream)) { bridge in
            let client = try await RawConnection.open(port: bridge.port)
            for count in 1...2 {
                try await client.send("GET /scores/a HTTP/1.1\r\nHost: a\r\n\r\n")
                _ = try await client.wait(until: { bytes in
                    String(decoding: bytes, as: UTF8.self).components(separatedBy: #"{"a":1}"#).count == count + 1
                })
            }
            try await client.send("GET /none HTTP/1.1\r\nHost: a\r\n\r\n")
            try await client.wait(for: "404 Not Found")
            try await client.send(RawFrame.handshake("/rooms/a"))
            try await client.wait(for: RawFrame.accept)
            try await client.send(RawFrame.text("hello"))
            try await client.wait(for: "hello")
        }
    }

    @Test("pipelined requests are answered in order, an upgrade behind them too")
    func pipelinedRequests() async throws {
        let upstream = try await LegacyUpstream { .json(#""\#($0.uri)""#) }
        try await withBridge(route + "," + pollRoute(upstream)) { bridge in
            let client = try await RawConnection.open(port: bridge.port)
            try await client.send(
                "GET /scores/a HTTP/1.1\r\nHost: a\r\n\r\nGET /scores/b HTTP/1.1\r\nHost: a\r\n\r\n"
                    + RawFrame.handshake("/rooms/a")
            )
            let text = try await client.wait(for: RawFrame.accept)
            let first = try #require(text.range(of: "league=a\""))
            let second = try #require(text.range(of: "league=b\""))
            let third = try #require(text.range(of: "101 Switching"))
            #expect(first.upperBound < second.lowerBound && second.upperBound < third.lowerBound)
            try await client.send(RawFrame.text("hello"))
            try await client.wait(for: "hello")
        }
    }

    @Test(
        "bad handshakes are refused with 400, 405 or 426 and the right headers",
        arguments: [
            ("Upgrade: websocket", "", "400"), ("Connection: Upgrade", "Connection: close", "400"),
            ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "", "400"),
            ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Key: c2hvcnQ=", "400"),
            ("Sec-WebSocket-Version: 13", "", "426"), ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8", "426"),
            ("HTTP/1.1", "HTTP/1.0", "400"), ("GET /", "POST /", "405"), ("GET /", "HEAD /", "405"),
            ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: a b", "400"),
            ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: ;;", "400"),
            ("Host: 127.0.0.1\r\n", "", "400"),
        ]
    )
    func bad(part: String, replacement: String, status: String) async throws {
        try await withBridge(route) { bridge in
            let client = try await RawConnection.open(port: bridge.port)
            let good = RawFrame.handshake("/rooms/a")
            let old = replacement.isEmpty && !part.hasSuffix("\r\n") ? part + "\r\n" : part
            let request = good.replacing(old, with: replacement, maxReplacements: 1)
            #expect(request != good)
            try await client.send(request)
            let answer = try await client.wait(for: "\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
            switch status {
            case "426":
                #expect(answer.contains("Sec-WebSocket-Version: 13\r\n"))
                #expect(answer.contains("Upgrade: websocket\r\n"))
            case "405": #expect(answer.contains("Allow: GET"))
            default: break
            }
        }
    }

    @Test("a plain GET on a path that speaks WebSocket only is 426 with Upgrade")
    func plainGet() async throws {
        try await withBridge(route + #", { "path": "/connect", "multiplex": {} }"#) { bridge in
            for path in ["/rooms/a", "/connect"] {
                let answer = try await Curl(bridge.url(path))
                #expect(answer.status == 426)
                #expect(answer["Upgrade"] == "websocket")
                #expect(answer["Connection"]?.lowercased().contains("upgrade") == true)
            }
        }
    }

    @Test("HTTP/1.0 is answered and closed")
    func http10() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        try await withBridge(pollRoute(upstream)) { bridge in
            let client = try await RawConnection.open(port: bridge.port)
            try await client.send("GET /scores/a HTTP/1.0\r\n\r\n")
            let answer = try Curl(answer: try await client.end())
            #expect(answer.status == 200)
            #expect(answer.text == #"{"a":1}"#)
        }
    }

    @Test(
        "breaches of the protocol are closed with their code",
        arguments: [
            // Not masked; a reserved bit; a reserved opcode; a continuation of nothing; a long ping; a fragmented ping.
            ([0x81, 0x01, 0x41], 1002), ([0xC1, 0x81, 0, 0, 0, 0, 0x41], 1002), ([0x83, 0x80, 0, 0, 0, 0], 1002),
            ([0x80, 0x80, 0, 0, 0, 0], 1002), ([0x89, 0xFE, 0x00, 0x7E], 1002), ([0x09, 0x80, 0, 0, 0, 0], 1002),
            // Text that is not UTF-8; a close frame of one byte, and one with a code that must not be sent.
            ([0x81, 0x81, 0, 0, 0, 0, 0xFF], 1007), ([0x88, 0x81, 0, 0, 0, 0, 0x03], 1002),
            ([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xED], 1002),
            // A length of 2⁶²; a length that is not in its shortest form.
            ([0x82, 0xFF, 0x40, 0, 0, 0, 0, 0, 0, 0], 1009), ([0x82, 0xFE, 0, 5], 1002),
        ] as [([UInt8], Int)]
    )
    func breaches(bytes: [UInt8], code: Int) async throws {
        try await withBridge(route) { bridge in
            let client = try await RawConnection.open(port: bridge.port)
            try await client.send(RawFrame.handshake("/rooms/a"))
            try await client.wait(for: RawFrame.accept)
            try await client.send(Data(bytes))
            let frames = RawFrame.framesBehindHead(in: try await client.end())
            let close = try #require(frames.last)
            #expect(close.opcode == 8)
            #expect(close.payload.prefix(2).reduce(0) { $0 << 8 | Int($1) } == code)
        }
    }

    @Test("the close handshake: the code comes back, and the bridge ends the connection")
    func close() async throws {
        try await withBridge(route) { bridge in
            for (payload, expected) in [
                (Data([0x03, 0xE8]), Data([0x03, 0xE8])), (Data(), Data()),
                (Data([0x0F, 0xA0]) + Data("bye".utf8), Data([0x0F, 0xA0])),
            ] {
                let client = try await RawConnection.open(port: bridge.port)
                try await client.send(RawFrame.handshake("/rooms/a"))
                try await client.wait(for: RawFrame.accept)
                try await client.send(RawFrame.masked(8, payload))
                let frames = RawFrame.framesBehindHead(in: try await client.end())
                #expect(frames.count == 1)
                #expect(frames.first?.opcode == 8)
                #expect(frames.first?.payload.prefix(2) == expected)
            }
        }
    }
}
