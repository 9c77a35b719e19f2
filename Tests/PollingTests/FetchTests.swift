import Testing

@testable import Polling

@Suite("A single fetch")
struct FetchTests {
    @Test("brings status, headers and body, whatever the status", arguments: ["200 OK", "404 Not Found", "500 Oh"])
    func answer(status: String) async throws {
        try await withServer { request in
            .answer(
                "\(request.method) \(request.body)",
                status: status,
                ["X-A: 1", "x-a: 2", "Content-Type: text/plain"]
            )
        } _: { server in
            try await withPoller { poller in
                let response = try await poller.fetch(
                    FetchRequest(
                        url: server.url("/send"),
                        method: "PUT",
                        headers: [("Content-Type", "text/x")],
                        body: Array("hello".utf8)
                    )
                )
                #expect(response.status == Int(status.prefix(3)))
                #expect(String(decoding: response.body, as: UTF8.self) == "PUT hello")
                #expect(response.headers.filter { $0.name.lowercased() == "x-a" }.map(\.value) == ["1", "2"])
                #expect(response.header("CONTENT-TYPE") == "text/plain" && response.httpMajorVersion == 1)
                #expect(server.requests.first?.headers["content-type"] == "text/x")
                #expect(response.url == server.url("/send"))
            }
        }
    }

    @Test("special requests leave nothing behind for the next one on the same handle")
    func noResidue() async throws {
        try await withServer {
            .answer("\($0.method)|\($0.body)")
        } _: { server in
            try await withPoller(limits: UpstreamLimits(connectionsPerHost: 1)) { poller in
                for (method, body, expected) in [
                    ("POST", "a", "POST|a"), ("GET", nil, "GET|"), ("HEAD", nil, ""), ("GET", nil, "GET|"),
                    ("DELETE", nil, "DELETE|"), ("POST", nil, "POST|"), ("PATCH", "b", "PATCH|b"), ("GET", nil, "GET|"),
                ] as [(String, String?, String)] {
                    let request = FetchRequest(url: server.url(), method: method, body: body.map { Array($0.utf8) })
                    let response = try await poller.fetch(request)
                    #expect(String(decoding: response.body, as: UTF8.self) == expected)
                }
                #expect(server.requests.allSatisfy { $0.headers["content-type"] == nil })
            }
        }
    }

    @Test("303 after POST is followed by GET, 307 by the same request again")
    func postRedirects() async throws {
        try await withServer { request in
            switch request.path {
            case "/303": .answer("", status: "303 See Other", ["Location: /end"])
            case "/307": .answer("", status: "307 Again", ["Location: /end"])
            default: .answer("\(request.method)|\(request.body)")
            }
        } _: { server in
            try await withPoller { poller in
                for (path, expected) in [("/303", "GET|"), ("/307", "POST|data")] {
                    let response = try await poller.fetch(
                        FetchRequest(url: server.url(path), method: "POST", body: Array("data".utf8))
                    )
                    #expect(String(decoding: response.body, as: UTF8.self) == expected)
                    #expect(response.url == server.url("/end"))
                }
            }
        }
    }

    @Test("cancelling its task ends it")
    func cancelled() async throws {
        try await withServer { _ in
            [.pause(milliseconds: 60_000)]
        } _: { server in
            try await withPoller { poller in
                let task = Task { try await poller.fetch(FetchRequest(url: server.url(), timeout: .seconds(60))) }
                try await eventually("a request") { server.requests.count == 1 }
                task.cancel()
                let result = await task.result
                #expect(throws: FetchFailure.cancelled) { try result.get() }
                try await eventually("nothing under way") { poller.statistics.inFlight == 0 }
            }
        }
    }

    @Test("waiting for the host's limits counts towards the time-out")
    func waiting() async throws {
        try await withServer { _ in
            .answer("x", after: 1000)
        } _: { server in
            try await withPoller(limits: UpstreamLimits(connectionsPerHost: 1)) { poller in
                async let first = poller.fetch(FetchRequest(url: server.url()))
                try await eventually("a request") { server.requests.count == 1 }
                await #expect {
                    _ = try await poller.fetch(FetchRequest(url: server.url(), timeout: .milliseconds(100)))
                } throws: {
                    ($0 as? FetchFailure)?.code == .timeout
                }
                #expect(try await first.status == 200)
                #expect(server.requests.count == 1)
            }
        }
    }

    @Test("compressed bodies arrive decoded, and their limit is that of the decoded size")
    func compressed() async throws {
        // gzip of 10 000 times "a".
        let zipped: [UInt8] = [
            0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xed, 0xc1, 0x01, 0x0d, 0x00, 0x00, 0x00, 0xc2,
            0xa0, 0xac, 0xef, 0x5f, 0xc2, 0x1c, 0x6e, 0x40, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xc0,
            0xbf, 0x01, 0x97, 0xd4, 0x7e, 0x46, 0x10, 0x27, 0x00, 0x00,
        ]
        try await withServer { _ in
            .raw("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(zipped.count)\r\n\r\n")
                + [.send(zipped)]
        } _: { server in
            try await withPoller { poller in
                let response = try await poller.fetch(FetchRequest(url: server.url(), maxBody: 10_000))
                #expect(response.body == [UInt8](repeating: UInt8(ascii: "a"), count: 10_000))
                #expect(response.wireBytes < 200)
                await #expect {
                    _ = try await poller.fetch(FetchRequest(url: server.url(), maxBody: 9_999))
                } throws: {
                    ($0 as? FetchFailure)?.code == .tooLarge
                }
            }
        }
    }
}
