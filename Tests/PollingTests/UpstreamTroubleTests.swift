import Glibc
import Synchronization
import Testing

@testable import Polling

@Suite("Upstream trouble has a word")
struct UpstreamTroubleTests {
    @Test("a status that is no document", arguments: [400, 401, 404, 410, 429, 500, 502, 503])
    func status(code: Int) async throws {
        let failure = try await firstFailure { _ in .answer("sorry", status: "\(code) Whatever") }
        #expect(failure.code == .status(code) && failure.code.text == "\(code)")
        #expect(failure.nextAttemptAtMilliseconds - failure.atMilliseconds > 20_000)
    }

    @Test("an empty body behind 200, and 204, are invalid")
    func empty() async throws {
        for answer in [[ScriptedServer.Action].answer(""), .answer(status: "204 No Content")] {
            let failure = try await firstFailure { _ in answer }
            #expect(failure.code == .invalid && failure.reason.contains("empty body"))
        }
    }

    @Test("no answer in time, and one that dribbles in beyond the time-out")
    func timeout() async throws {
        let silent = try await firstFailure(timeout: .milliseconds(150)) { _ in [.pause(milliseconds: 5000)] }
        #expect(silent.code == .timeout && silent.code.text == "timeout")
        let dribble = try await firstFailure(timeout: .milliseconds(200)) { _ in
            .raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                + (0..<100).flatMap { _ in [.pause(milliseconds: 20), .send([0x78])] }
        }
        #expect(dribble.code == .timeout)
    }

    @Test("a port that nobody listens on")
    func refused() async throws {
        let server = try await ScriptedServer { _ in [] }
        await server.stop()
        let failure = try await firstFailure(FetchRequest(url: server.url()))
        #expect(failure.code == .refused && failure.code.text == "refused")
        #expect(failure.reason.contains("127.0.0.1"))
    }

    @Test("a name that does not resolve")
    func unresolved() async throws {
        let failure = try await firstFailure(FetchRequest(url: "http://nonexistent.invalid/"))
        #expect(failure.code == .unresolved && failure.code.text == "unresolved")
    }

    @Test("TLS with something that does not speak it, and authorities that cannot be read")
    func tls() async throws {
        let server = try await ScriptedServer(greeting: "HTTP/1.1 400 Bad Request\r\n\r\n") { _ in [] }
        let url = "https://127.0.0.1:\(server.port)/"
        let plain = try await firstFailure(FetchRequest(url: url))
        #expect(plain.code == .tls && plain.code.text == "tls")
        let unreadable = try await firstFailure(
            FetchRequest(url: url, tls: UpstreamTLS(ca: "/nonexistent/authorities.pem"))
        )
        #expect(unreadable.code == .tls && unreadable.reason.contains("/nonexistent/authorities.pem"))
        await server.stop()
    }

    @Test("a body larger than allowed is cut off while it arrives, announced or not")
    func tooLarge() async throws {
        let announced = try await firstFailure(maxBody: 1000) { _ in .answer(String(repeating: "x", count: 1001)) }
        #expect(announced.code == .tooLarge && announced.code.text == "too-large")
        #expect(announced.reason == "the body is larger than the 1000 bytes allowed")
        let unsent = try await firstFailure(timeout: .seconds(60), maxBody: 1000) { _ in
            .raw("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n")
        }
        #expect(unsent.code == .tooLarge && unsent.reason == announced.reason)
        let endless = try await firstFailure(maxBody: 1000) { _ in
            .raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                + (0..<1000).flatMap { _ in
                    [
                        .pause(milliseconds: 2),
                        .send(Array(("64\r\n" + String(repeating: "x", count: 100) + "\r\n").utf8)),
                    ]
                }
        }
        #expect(endless.code == .tooLarge)
        let exact = try await withServer { _ in
            .answer(String(repeating: "x", count: 1000))
        } _: { server in
            try await withPoller { try await $0.fetch(FetchRequest(url: server.url(), maxBody: 1000)) }
        }
        #expect(exact.body.count == 1000)
    }

    @Test("Retry-After counts even where the rest of the answer cannot be used")
    func retryAfterOfBrokenAnswers() async throws {
        let failure = try await firstFailure(maxBody: 10) { _ in
            .answer("far too long a page of apologies", status: "503 Busy", ["Retry-After: 1000"])
        }
        #expect(failure.code == .tooLarge)
        #expect(failure.nextAttemptAtMilliseconds - failure.atMilliseconds >= 999_000)
    }

    @Test("a server that dies in the middle of a body, and one that dies before it answers")
    func dies() async throws {
        let middle = try await firstFailure { _ in
            .raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf") + [.close]
        }
        #expect(middle.code == .invalid)
        let before = try await firstFailure { _ in [.close] }
        #expect(before.code == .refused)
    }

    @Test(
        "garbage",
        arguments: [
            "garbage\r\n\r\n", "HTTP/9.9 OK\r\n\r\n", "\r\n\r\n\r\n", "HTTP/1.1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nnonsense\r\n",
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 8\r\n\r\nnot gzip",
            "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
            "SSH-2.0-OpenSSH_9.2\r\n",
        ]
    )
    func garbage(answer: String) async throws {
        let failure = try await firstFailure(timeout: .seconds(2)) { _ in .raw(answer) + [.close] }
        #expect(failure.code == .invalid, "\(failure)")
    }

    @Test("a header section without end")
    func hugeHeaders() async throws {
        let failure = try await firstFailure { _ in
            .raw("HTTP/1.1 200 OK\r\n")
                + (0..<2000).map { .send(Array("X-\($0): \(String(repeating: "x", count: 100))\r\n".utf8)) }
                + .raw("\r\n")
        }
        #expect(failure.code == .invalid)
        let oneLine = try await firstFailure { _ in
            .raw("HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 2_000_000))
        }
        #expect(oneLine.code == .invalid)
    }

    @Test("redirects are followed on the same host, up to five times, and nowhere else")
    func redirects() async throws {
        let elsewhere = try await ScriptedServer { _ in .answer("stolen") }
        let target = elsewhere.url("/secret")
        try await withServer { request in
            switch request.path {
            case "/away": .answer("", status: "302 Found", ["Location: \(target)"])
            case "/loop": .answer("", status: "302 Found", ["Location: /loop"])
            case "/file": .answer("", status: "302 Found", ["Location: file:///etc/passwd"])
            case "/nowhere": .answer("", status: "302 Found")
            case let path where path.hasPrefix("/hop"):
                path == "/hop5"
                    ? .answer("arrived")
                    : .answer("", status: "307 Go on", ["Location: /hop\((path.last?.wholeNumberValue ?? 0) + 1)"])
            default: .answer("here")
            }
        } _: { server in
            let recorder = Recorder()
            try await withPoller { poller in
                let poll = poller.poll(PollPlan(server.url("/hop0"), every: .seconds(9)), observer: recorder)
                try await eventually("an answer") { !recorder.events.isEmpty }
                poll.stop()
                #expect(recorder.texts == ["arrived"])
                for path in ["/away", "/loop", "/file", "/nowhere"] {
                    let failure = try await failureOf(poller, server.url(path))
                    #expect(failure.code == .status(302), "\(path): \(failure)")
                    if path == "/away" { #expect(failure.reason.contains("127.0.0.1:\(elsewhere.port)")) }
                    if path == "/loop" { #expect(failure.reason.contains("5 redirects")) }
                }
                #expect(server.requests.filter { $0.path == "/loop" }.count == 6)
                let plain = try await poller.fetch(FetchRequest(url: server.url("/away")))
                #expect(plain.status == 302 && plain.header("location") == target)
            }
            #expect(elsewhere.requests.isEmpty)
        }
        await elsewhere.stop()
    }

    private func failureOf(
        _ poller: Poller,
        _ url: String,
        timeout: Duration = .seconds(5)
    ) async throws -> PollFailure {
        let recorder = Recorder()
        let poll = poller.poll(PollPlan(url, every: .seconds(30), timeout: timeout), observer: recorder)
        defer { poll.stop() }
        try await eventually("an event") { !recorder.events.isEmpty }
        return try #require(recorder.failures.first, "\(recorder.texts)")
    }
}
