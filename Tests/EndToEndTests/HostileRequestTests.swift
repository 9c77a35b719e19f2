import Foundation
import Testing

@Suite("Hostile requests")
struct HostileRequestTests {
    private let route = #"{ "path": "/rooms/{room}", "channel": { "echo": true } }"#
    /// Would be answered with 404 where somebody took it for a request of its own.
    private let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

    /// Sends a request with the smuggled one behind it, and checks that the connection ends with the first one's answer.
    private func expect(_ status: String, for request: String, _ bridge: BridgeUnderTest) async throws {
        let client = try await RawConnection.open(port: bridge.port)
        try await client.send(request + smuggled)
        let answer = String(decoding: try await client.end(), as: UTF8.self)
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(request): \(answer)")
        #expect(!answer.contains("404 Not Found"), "\(request)")
    }

    @Test("what two programs could read as different requests is one 400, and the connection ends")
    func smuggling() async throws {
        let post = "POST /rooms/a HTTP/1.1\r\nHost: a\r\n"
        let chunked = "Transfer-Encoding: chunked"
        try await withBridge(route) { bridge in
            for request in [
                // Lengths that contradict each other, or are no lengths (RFC 9112 section 6.3).
                post + "Content-Length: 0\r\nContent-Length: 5\r\n\r\n",
                post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
                post + "Content-Length: 5, 5\r\n\r\nabcde", post + "Content-Length: +5\r\n\r\nabcde",
                post + "Content-Length: -5\r\n\r\nabcde", post + "Content-Length: 0x5\r\n\r\nabcde",
                post + "Content-Length: 99999999999999999999999\r\n\r\nabcde",
                // A length and chunks, in both orders; codings that end with something else (section 6.1).
                post + "Content-Length: 5\r\n\(chunked)\r\n\r\n0\r\n\r\n",
                post + "\(chunked)\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
                post + "Transfer-Encoding: identity\r\n\r\n", post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
                post + "\(chunked), identity\r\n\r\n0\r\n\r\n",
                post + "\(chunked)\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
                post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
                post + "Transfer-Encoding:\u{0B}chunked\r\n\r\n0\r\n\r\n",
                // Chunks whose size is none (section 7.1).
                post + "\(chunked)\r\n\r\n0x5\r\nabcde\r\n0\r\n\r\n", post + "\(chunked)\r\n\r\n5\nabcde\r\n0\r\n\r\n",
                post + "\(chunked)\r\n\r\n5;a=\"\n\"\r\nabcde\r\n0\r\n\r\n",
                post + "\(chunked)\r\n\r\nffffffffffffffffff\r\nabcde\r\n0\r\n\r\n",
                // Lines that end with LF or CR alone; lines folded as before RFC 7230 (sections 2.2 and 5.2).
                "GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n",
                "GET / HTTP/1.1\r\n Host: a\r\n\r\n", post + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
                // Bytes that have no place there; hosts that are none; versions that there are not.
                "GET / HTTP/1.1\r\nHost: a\r\nX: a\u{00}b\r\n\r\n", "GET /\u{00} HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: user@a\r\n\r\n", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", "GET /\r\n\r\n",
                "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            ] {
                try await expect("400", for: request, bridge)
            }
            // Chunks in HTTP/1.0, whose framing nobody may trust: answered, and the connection ends (section 6.1).
            let old = post.replacing("HTTP/1.1", with: "HTTP/1.0")
            try await expect("426", for: old + "\(chunked)\r\n\r\n0\r\n\r\n", bridge)
        }
    }

    @Test("heads and bodies without end are refused while they come")
    func oversize() async throws {
        let get = "GET / HTTP/1.1\r\nHost: a\r\n"
        let mebibyte = String(repeating: "a", count: 1 << 20)
        try await withBridge(route) { bridge in
            for (request, status) in [
                ("GET /\(mebibyte)", "431"), (get + "X: \(mebibyte)", "431"), (get + mebibyte, "431"),
                (get + String(repeating: "X: y\r\n", count: 10_000), "431"),
                ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n\(mebibyte)", "413"),
                ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n\(mebibyte)", "413"),
                (
                    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
                        + String(repeating: "X: y\r\n", count: 10_000), "431"
                ),
            ] {
                let client = try await RawConnection.open(port: bridge.port)
                // The answer may come, and the connection end, before all of it is written.
                try? await client.send(request)
                try await client.wait(for: "HTTP/1.1 \(status) ")
                await client.close()
            }
        }
    }

    @Test("an upgrade with a body is refused: where its body ends and the frames begin could be read in two ways")
    func upgradeWithBody() async throws {
        try await withBridge(route) { bridge in
            for body in [
                "Content-Length: 5\r\n\r\nabcde", "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
            ] {
                let request = RawFrame.handshake("/rooms/a")
                try await expect("400", for: String(request.dropLast()) + body, bridge)
            }
        }
    }

    @Test("what follows a request for an upgrade or a tunnel that is refused is no request")
    func refusedUpgrade() async throws {
        try await withBridge(route) { bridge in
            let other = RawFrame.handshake("/rooms/a").replacing("Version: 13", with: "Version: 12")
            try await expect("426", for: other, bridge)
            let refused = try await RawConnection.open(port: bridge.port)
            try await refused.send(other)
            // The `Upgrade` header of an answer is named in `Connection` (RFC 9110 section 7.8).
            let refusal = String(decoding: try await refused.end(), as: UTF8.self)
            #expect(refusal.contains("\r\nConnection: Upgrade, close\r\n"), "\(refusal)")
            try await expect("400", for: "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", bridge)
            let client = try await RawConnection.open(port: bridge.port)
            try await client.send(RawFrame.handshake("/none") + smuggled)
            let answer = String(decoding: try await client.end(), as: UTF8.self)
            #expect(answer.components(separatedBy: "404 Not Found").count == 2)
        }
    }

    @Test("an absolute-form target is its path, whatever its host says; other forms are 400")
    func targets() async throws {
        try await withBridge(route) { bridge in
            let client = try await RawConnection.open(port: bridge.port)
            try await client.send(RawFrame.handshake("http://elsewhere.example/rooms/a") + "")
            try await client.wait(for: RawFrame.accept)
            for (target, status) in [
                ("http://elsewhere.example/none", "404"), ("http://a/../../etc/passwd", "404"), ("http://a", "404"),
                ("ftp://a/rooms/a", "400"), ("rooms/a", "400"), ("*", "400"), ("/%", "400"), ("/%ff", "400"),
            ] {
                let client = try await RawConnection.open(port: bridge.port)
                try await client.send("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
                try await client.wait(for: "HTTP/1.1 \(status) ")
                await client.close()
            }
        }
    }

    @Test("no parameter or query injects a header, into the bridge's answer or its own request")
    func headerInjection() async throws {
        let upstream = try await LegacyUpstream { .json(#""\#($0.uri)""#) }
        let everything = #""params": { "league": "(.|\\r|\\n)*" }, "query": ["q"]"#
        let folder = try TemporaryFolder()
        try folder.write("sub\r\nX-Injected: 1/index.html", "home")
        let files = #", { "path": "/files", "files": { "root": "\#(folder.url.path())" } }"#
        try await withBridge(pollRoute(upstream, everything) + files) { bridge in
            for path in [
                "/scores/a%0d%0aX-Injected:%201", "/scores/a?q=%0d%0aX-Injected:%201%0d%0a%0d%0abody",
                "/scores/a%0aX-Injected:1?q=%0aX-Injected:1", "/files/sub%0d%0aX-Injected:%201",
                "/files/%0d%0aX-Injected:%201", "/none%0d%0aX-Injected:%201",
            ] {
                let answer = try await Curl(bridge.url(path))
                #expect(answer["X-Injected"] == nil, "\(path)")
            }
            #expect(upstream.requests.count >= 2)
            #expect(upstream.requests.allSatisfy { !$0.headers.contains(name: "X-Injected") })
            #expect(upstream.requests.allSatisfy { !$0.uri.contains("\n") && !$0.uri.contains(" ") })
        }
    }
}
