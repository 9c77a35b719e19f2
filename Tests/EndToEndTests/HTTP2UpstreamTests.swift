import Foundation
import Testing

@Suite("An upstream that speaks HTTP/2")
struct HTTP2UpstreamTests {
    /// node's server, which answers when six requests wait at once.
    private struct Upstream {
        private let process: ChildProcess
        private let certificate: String
        let address: String

        init(_ folder: TemporaryFolder) async throws {
            let script = Places.package.appending(path: "Tests/EndToEndTests/Node/http2-upstream.mjs").path()
            certificate = folder.file("cert.pem")
            process = try ChildProcess(
                URL(filePath: "/usr/bin/env"),
                ["node", script, certificate, folder.file("key.pem")]
            )
            let line = try #require(try await process.line(), "\(process.errors)")
            let port = try #require(line.split(separator: " ").last.flatMap { Int($0) }, "\(line)")
            address = "https://127.0.0.1:\(port)"
        }

        /// What it has seen so far.
        func count() async throws -> JSON {
            try await Curl(address + "/count", "--http1.1", "--cacert", certificate).json()
        }
    }

    @Test("all topics of the host share one connection, with requests side by side, and validators work there")
    func multiplexed() async throws {
        let folder = try await TemporaryFolder.withCertificate()
        let upstream = try await Upstream(folder)
        let route = """
            { "path": "/scores/{league}", "poll": { "url": "\(upstream.address)/l/{league}", "interval": "500ms",
              "timeout": "30s", "tls": { "ca": "\(folder.file("cert.pem"))" } } }
            """
        try await withBridge(route) { bridge in
            // The upstream answers when six requests wait at once, which takes six topics and as many streams.
            var clients: [WebSocketClient] = []
            for topic in 1...6 { clients.append(try await bridge.version1("/scores/\(topic)")) }
            for (number, client) in clients.enumerated() {
                let document = try await client.json()
                #expect(document["data"] == ["path": .string("/l/\(number + 1)"), "version": "2.0"])
            }
            let seen = try await eventually("answers with 304") {
                let count = try await upstream.count()
                return count["conditional"]?.double ?? 0 >= 12 ? count : nil
            }
            #expect(seen["mostAtOnce"] == 6)
            #expect(seen["versions"] == ["2.0"])
            #expect(seen["sessions"] == 1)
            for client in clients { try client.close() }
        }
    }

    @Test("a certificate that the route's ca did not sign is tls trouble, and nothing is asked")
    func untrusted() async throws {
        let folder = try await TemporaryFolder.withCertificate()
        let other = try await TemporaryFolder.withCertificate()
        let upstream = try await Upstream(folder)
        let route = """
            { "path": "/a", "poll": { "url": "\(upstream.address)/a", "tls": { "ca": "\(other.file("cert.pem"))" } } }
            """
        try await withBridge(route) { bridge async throws in
            let answer = try await Curl(bridge.url("/a"))
            #expect(answer.status == 502)
            #expect(answer.text.contains("TLS"))
            let count = try await upstream.count()
            #expect(count["requests"] == 0)
        }
    }
}
