import Foundation
import Testing

extension Data {
    /// How often the text stands in it.
    fileprivate func count(of text: String) -> Int {
        let words = Array(text.utf8)
        return withUnsafeBytes { bytes in
            var (count, place) = (0, 0)
            while place + words.count <= bytes.count {
                let isFound = bytes[place] == words[0] && bytes[place..<(place + words.count)].elementsEqual(words)
                if isFound { count += 1 }
                place += isFound ? words.count : 1
            }
            return count
        }
    }
}

@Suite("Requests that are sent ahead")
struct PipeliningTests {
    private let get = "GET /scores/a HTTP/1.1\r\nHost: a\r\n\r\n"

    private func slowly(_ delay: Int64) -> LegacyUpstream.Answer {
        var answer = LegacyUpstream.Answer.json("1")
        answer.delay = .milliseconds(delay)
        return answer
    }

    @Test(
        "by the thousand behind one that takes its time are all answered, each in its turn",
        // What fits the socket, and is read at once when the stream has ended, however little the bridge wants to read;
        // and more than that.
        arguments: [2_400, 50_000]
    )
    func deep(count: Int) async throws {
        let upstream = try await LegacyUpstream(slowly(3000))
        try await withBridge(pollRoute(upstream), settings: #""accessLog": "off","#) { bridge in
            let client = try await RawConnection.open(port: bridge.port)
            try await client.send(get)
            try await eventually("the fetch") { upstream.requests.count == 1 }
            try await client.send(String(repeating: "HEAD * HTTP/1.1\r\nHost:\r\n\r\n", count: count))
            try await client.endOutput()
            let answers = try await client.end(within: .seconds(120))
            #expect(answers.count(of: "HTTP/1.1 200 ") == 1)
            #expect(answers.count(of: "HTTP/1.1 400 ") == count)
        }
    }

    @Test("have their own times: the time for idle connections does not end one that is being answered")
    func idleTimeout() async throws {
        let upstream = try await LegacyUpstream { [self] request in
            slowly(request.uri.hasSuffix("b") ? 3000 : 300)
        }
        let settings = #""keepAlive": { "ping": "400ms", "timeout": "900ms" },"#
        try await withBridge(pollRoute(upstream, interval: "60s"), settings: settings) { bridge in
            let client = try await RawConnection.open(port: bridge.port)
            try await client.send(get + get.replacing("/a", with: "/b"))
            let answers = try await client.end()
            #expect(answers.count(of: "HTTP/1.1 200 ") == 2)
        }
    }

    @Test(
        "a second request has as long as the first, however it dribbles in",
        arguments: ["GET / HTTP/1.1\r\nHost: a\r\nX: ", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"]
    )
    func dribbled(start: String) async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        let settings = #""limits": { "handshakeTimeout": "2s" }, "keepAlive": { "timeout": "10m" },"#
        try await withBridge(pollRoute(upstream), settings: settings) { bridge in
            let client = try await RawConnection.open(port: bridge.port)
            try await client.send(get)
            try await client.wait(for: "200 OK")
            try await client.send(start)
            try await eventually("the end") {
                try? await client.send("X")
                try await Task.sleep(for: .milliseconds(500))
                return try await client.hasEnded()
            }
        }
    }

    @Test("a body is asked for where the client waits for that, and refused before it is sent where it is too large")
    func expectation() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        try await withBridge(pollRoute(upstream)) { bridge in
            let post = "POST /scores/a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: "
            let client = try await RawConnection.open(port: bridge.port)
            try await client.send(post + "5\r\n\r\n")
            let first = try await client.wait(for: "\r\n\r\n")
            #expect(first == "HTTP/1.1 100 Continue\r\n\r\n")
            try await client.send("12345" + get)
            let answers = try await client.wait(for: "200 OK")
            #expect(answers.contains("HTTP/1.1 405 "))
            let large = try await RawConnection.open(port: bridge.port)
            try await large.send(post + "70000\r\n\r\n")
            let refusal = String(decoding: try await large.end(), as: UTF8.self)
            #expect(refusal.hasPrefix("HTTP/1.1 413 "))
            #expect(refusal.contains("Connection: close\r\n"))
            // Without a body there is nothing to wait for.
            let plain = try await RawConnection.open(port: bridge.port)
            try await plain.send(
                get.replacing("\r\n\r\n", with: "\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")
            )
            #expect(String(decoding: try await plain.end(), as: UTF8.self).hasPrefix("HTTP/1.1 200 "))
        }
    }
}
