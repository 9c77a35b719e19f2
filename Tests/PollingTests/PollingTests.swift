import Glibc
import Synchronization
import Testing

@testable import Polling

@Suite("A poll against a server")
struct PollingTests {
    /// What an upstream serves: the same again and again, or something new each time.
    private final class Content: Sendable {
        private let isChanging = Atomic<Bool>(false)
        var changes: Bool { isChanging.load(ordering: .relaxed) }
        func change() { isChanging.store(true, ordering: .relaxed) }
    }

    @Test("fetches at once, then at a fixed rate on one connection")
    func fixedRate() async throws {
        try await withServer {
            .answer("document \($0.number)")
        } _: { server in
            try await withPoller { poller in
                let recorder = Recorder()
                let began = ContinuousClock.now
                let poll = poller.poll(PollPlan(server.url(), every: .milliseconds(100)), observer: recorder)
                try await eventually("six answers") { recorder.events.count >= 6 }
                poll.stop()
                let spacing = server.requests[5].at - began
                #expect(spacing >= .milliseconds(480), "six fetches span five intervals: \(spacing)")
                #expect(spacing < .seconds(5), "\(spacing)")
                #expect(recorder.texts.prefix(3) == ["document 1", "document 2", "document 3"])
                #expect(server.connections == 1)
                #expect(poll.interval == .milliseconds(100))
                // Published once a turn of the polling thread, which may come after the answer has been handed on.
                try await eventually("six durations") { poller.statistics.durations.count >= 6 }
                let statistics = poller.statistics
                #expect(statistics.requests >= 6 && statistics.changed >= 5 && statistics.connections == 1)
                #expect(statistics.bytesReceived >= 6 * 40)
            }
        }
    }

    @Test("a slow answer neither overlaps with the next fetch nor moves the grid")
    func slowAnswer() async throws {
        try await withServer {
            .answer("x", after: $0.number == 1 ? 250 : 0)
        } _: { server in
            try await withPoller { poller in
                let recorder = Recorder()
                let began = ContinuousClock.now
                let poll = poller.poll(PollPlan(server.url(), every: .milliseconds(200)), observer: recorder)
                try await eventually("three answers") { recorder.events.count >= 3 }
                poll.stop()
                #expect(server.mostInFlight == 1)
                let second = server.requests[1].at - began
                #expect(
                    second >= .milliseconds(395),
                    "the tick at 200 ms is skipped: \(second)"
                )
            }
        }
    }

    @Test("a body is told with its content type and time, and held for as long as it is fresh")
    func body() async throws {
        let headers = ["Content-Type: application/json", "ETag: \"a\"", "Cache-Control: max-age=60", "Age: 4"]
        try await withServer { _ in
            .answer("{}", headers)
        } _: { server in
            try await withPoller { poller in
                let recorder = Recorder()
                let poll = poller.poll(PollPlan(server.url(), every: .seconds(1)), observer: recorder)
                defer { poll.stop() }
                try await eventually("an answer") { !recorder.events.isEmpty }
                let body = try #require(recorder.bodies.first)
                #expect(body.contentType == "application/json")
                #expect(abs(body.receivedAtMilliseconds - wallClockMilliseconds()) < 5000)
                #expect(body.receivedAt <= .now)
                try await eventually("the next attempt is known") { poll.nextAttemptAtMilliseconds != nil }
                let next = try #require(poll.nextAttemptAtMilliseconds) - wallClockMilliseconds()
                #expect(next > 50_000 && next <= 56_000, "held for 56 s by its freshness: \(next)")
            }
        }
    }

    @Test("asks against the last document: 304 parses nothing, and invalid bodies do not count")
    func conditional() async throws {
        let server = try await ScriptedServer { request in
            switch request.number {
            case 1: .answer("good", ["ETag: \"1\"", "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"])
            case 2, 4: .answer(status: "304 Not Modified", ["ETag: \"1\""])
            case 3: .answer("<html>error page</html>", ["ETag: \"bad\""])
            default: .answer("better", ["ETag: W/\"2\""])
            }
        }
        let recorder = Recorder { $0.bytes.first == UInt8(ascii: "<") ? .invalid("no document") : .changed }
        try await withPoller { poller in
            let poll = poller.poll(PollPlan(server.url(), every: .milliseconds(30)), observer: recorder)
            try await eventually("six answers") { recorder.events.count >= 7 }
            poll.stop()
            #expect(
                recorder.texts.prefix(7) == [
                    "good", "304", "<html>error page</html>", "failed invalid", "304", "better", "same",
                ]
            )
            #expect(recorder.failures.first?.reason == "no document")
            let requests = server.requests
            #expect(requests[0].headers["if-none-match"] == nil && requests[0].headers["if-modified-since"] == nil)
            for request in requests[1...4] {
                #expect(request.headers["if-none-match"] == "\"1\"")
                #expect(request.headers["if-modified-since"] == "Sun, 06 Nov 1994 08:49:37 GMT")
            }
            #expect(requests[5].headers["if-none-match"] == "W/\"2\"")
            #expect(requests[5].headers["if-modified-since"] == nil)
            let statistics = poller.statistics
            #expect(statistics.notModified == 2 && statistics.failed == 1)
        }
        await server.stop()
    }

    @Test("the body of the last document is not judged again, also after failures; one that is no document always is")
    func sameBody() async throws {
        let bodies = ["one", "one", "<", "<", "one", "two", "one", "one"]
        let recorder = Recorder { $0.bytes.first == UInt8(ascii: "<") ? .invalid("no document") : .changed }
        try await withServer {
            .answer(bodies[min($0.number, bodies.count) - 1])
        } _: { server in
            try await withPoller { poller in
                let poll = poller.poll(PollPlan(server.url(), every: .milliseconds(30)), observer: recorder)
                try await eventually("all answers") { recorder.events.count >= 10 }
                poll.stop()
                #expect(
                    recorder.texts.prefix(10) == [
                        "one", "same", "<", "failed invalid", "<", "failed invalid", "same", "two", "one", "same",
                    ]
                )
            }
        }
    }

    @Test("verdicts that are given at once and ones that are waited for lead to the same polls")
    func verdictsAtOnce() async throws {
        let bodies = ["one", "slow", "<", "slow <", "one", "two"]
        @Sendable func verdict(_ body: FetchedBody) -> PollVerdict {
            body.bytes.last == UInt8(ascii: "<") ? .invalid("no document") : .changed
        }
        let recorder = Recorder(
            verdict: verdict,
            atOnce: { $0.bytes.starts(with: Array("slow".utf8)) ? nil : verdict($0) }
        )
        try await withServer {
            .answer(bodies[min($0.number, bodies.count) - 1], ["ETag: \"\($0.number)\""])
        } _: { server in
            try await withPoller { poller in
                let poll = poller.poll(PollPlan(server.url(), every: .milliseconds(30)), observer: recorder)
                try await eventually("all answers") { recorder.events.count >= 9 }
                poll.stop()
                #expect(
                    recorder.texts.prefix(9) == [
                        "one", "slow", "<", "failed invalid", "slow <", "failed invalid", "one", "two", "same",
                    ]
                )
                #expect(
                    server.requests.prefix(6).map { $0.headers["if-none-match"] } == [
                        nil, "\"1\"", "\"2\"", "\"2\"", "\"2\"", "\"5\"",
                    ]
                )
                #expect(poller.statistics.changed >= 4)
            }
        }
    }

    @Test("a 304 that nobody asked for is a failure")
    func unasked304() async throws {
        #expect(try await firstFailure { _ in .answer(status: "304 Not Modified") }.code == .status(304))
    }

    @Test("a failure says when the next attempt comes, and the poll recovers by itself")
    func recovery() async throws {
        try await withServer {
            $0.number <= 2 ? .answer("no", status: "503 Service Unavailable") : .answer("yes")
        } _: {
            server in
            try await withPoller { poller in
                let recorder = Recorder()
                let poll = poller.poll(PollPlan(server.url(), every: .milliseconds(100)), observer: recorder)
                try await eventually("a document") { !recorder.bodies.isEmpty }
                poll.stop()
                #expect(recorder.texts.prefix(3) == ["failed 503", "failed 503", "yes"])
                let waits = recorder.failures.map { $0.nextAttemptAtMilliseconds - $0.atMilliseconds }
                #expect((99...101).contains(waits[0]) && (199...201).contains(waits[1]), "\(waits)")
                #expect(recorder.failures.map(\.failuresInARow) == [1, 2])
            }
        }
    }

    @Test("Retry-After in a 503 is waited out, by pollNow too")
    func retryAfter() async throws {
        try await withServer {
            $0.number == 1 ? .answer("", status: "503 Busy", ["Retry-After: 1"]) : .answer("yes")
        } _: { server in
            try await withPoller { poller in
                let recorder = Recorder()
                let poll = poller.poll(PollPlan(server.url(), every: .milliseconds(50)), observer: recorder)
                try await eventually("a failure") { !recorder.events.isEmpty }
                poll.pollNow()
                try await eventually("a document") { !recorder.bodies.isEmpty }
                poll.stop()
                #expect(server.requests[1].at - server.requests[0].at >= .milliseconds(980))
            }
        }
    }

    @Test("max-age holds the schedule off, and pollNow overrides it")
    func maxAge() async throws {
        try await withServer {
            .answer("\($0.number)", ["Cache-Control: max-age=3600"])
        } _: { server in
            try await withPoller { poller in
                let recorder = Recorder()
                let poll = poller.poll(PollPlan(server.url(), every: .milliseconds(20)), observer: recorder)
                try await eventually("a document") {
                    recorder.events.count == 1 && poll.nextAttemptAtMilliseconds != nil
                }
                try await Task.sleep(for: .milliseconds(150))
                #expect(server.requests.count == 1)
                poll.pollNow()
                try await eventually("another") { recorder.events.count == 2 }
                poll.stop()
            }
        }
    }

    @Test("many pollNow during a fetch make one more fetch")
    func coalesced() async throws {
        try await withServer {
            .answer("x", after: $0.number == 1 ? 150 : 0)
        } _: { server in
            try await withPoller { poller in
                let recorder = Recorder()
                let poll = poller.poll(PollPlan(server.url(), every: .seconds(60)), observer: recorder)
                try await eventually("a request") { server.requests.count == 1 }
                for _ in 0..<50 { poll.pollNow() }
                try await eventually("a second answer") { recorder.events.count == 2 }
                try await Task.sleep(for: .milliseconds(100))
                #expect(server.requests.count == 2)
                poll.stop()
            }
        }
    }

    @Test("an adaptive poll speeds up while content changes, slows down while it does not")
    func adaptive() async throws {
        let content = Content()
        try await withServer {
            .answer(content.changes ? "\($0.number)" : "same")
        } _: { server in
            try await withPoller { poller in
                let recorder = Recorder()
                let plan = PollPlan(
                    request: FetchRequest(url: server.url()),
                    schedule: .adaptive(min: .milliseconds(20), max: .milliseconds(100))
                )
                let poll = poller.poll(plan, observer: recorder)
                #expect(poll.interval == .milliseconds(20))
                try await eventually("the longest interval") { poll.interval == .milliseconds(100) }
                content.change()
                try await eventually("the shortest interval") { poll.interval == .milliseconds(20) }
                poll.stop()
            }
        }
    }

    @Test("after stop no call of the observer begins, with a fetch under way or not")
    func stop() async throws {
        try await withServer { _ in
            .answer("x", after: 100)
        } _: { server in
            try await withPoller { poller in
                let recorder = Recorder()
                let poll = poller.poll(PollPlan(server.url(), every: .milliseconds(10)), observer: recorder)
                try await eventually("a request") { server.requests.count == 1 }
                poll.stop()
                poll.stop()
                poll.pollNow()
                #expect(poll.isStopped)
                try await eventually("no poll is left") {
                    poller.statistics.polls == 0 && poller.statistics.inFlight == 0
                }
                try await Task.sleep(for: .milliseconds(200))
                #expect(recorder.events.isEmpty && server.requests.count == 1)
            }
        }
    }

    @Test("a poll whose handle is gone stops")
    func handleGone() async throws {
        try await withServer { _ in
            .answer("x")
        } _: { server in
            try await withPoller { poller in
                let recorder = Recorder()
                do {
                    let poll = poller.poll(PollPlan(server.url(), every: .milliseconds(10)), observer: recorder)
                    try await eventually("an answer") { !recorder.events.isEmpty }
                    #expect(!poll.isStopped)
                }
                try await eventually("no poll is left") { poller.statistics.polls == 0 }
            }
        }
    }

    @Test("a verdict that is slow keeps the next fetch waiting")
    func slowVerdict() async throws {
        // Each body is new, so that each is judged.
        try await withServer {
            .answer("\($0.number)")
        } _: { server in
            try await withPoller { poller in
                let recorder = Recorder { _ in
                    try? await Task.sleep(for: .milliseconds(200))
                    return .changed
                }
                let poll = poller.poll(PollPlan(server.url(), every: .milliseconds(10)), observer: recorder)
                try await eventually("a second answer") { recorder.events.count >= 2 }
                poll.stop()
                #expect(server.requests[1].at - server.requests[0].at >= .milliseconds(195))
            }
        }
    }

    @Test("the request's own headers, method and body are sent; a header with a line break is not")
    func request() async throws {
        try await withServer { _ in
            .answer("x")
        } _: { server in
            try await withPoller { poller in
                let recorder = Recorder()
                var plan = PollPlan(server.url("/a?b=c"), every: .seconds(9))
                plan.request.headers = [("X-One", "1"), ("X-Empty", ""), ("Authorization", "Bearer t")]
                plan.request.method = "POST"
                plan.request.body = Array("query".utf8)
                let poll = poller.poll(plan, observer: recorder)
                try await eventually("an answer") { !recorder.events.isEmpty }
                poll.stop()
                let request = try #require(server.requests.first)
                #expect(request.method == "POST" && request.path == "/a?b=c" && request.body == "query")
                #expect(request.headers["x-one"] == "1" && request.headers["x-empty"] == "")
                #expect(request.headers["authorization"] == "Bearer t" && request.headers["content-type"] == nil)
                #expect(request.headers["accept-encoding"]?.contains("gzip") == true)
                plan.request.headers = [("X-One", "1\r\nX-Evil: 1")]
                let refused = poller.poll(plan, observer: recorder)
                try await eventually("a refusal") { recorder.failures.count == 1 }
                refused.stop()
                #expect(recorder.failures.first?.code == .invalid && server.requests.count == 1)
            }
        }
    }
}

/// What a poll reports first against a server with this script.
func firstFailure(
    timeout: Duration = .seconds(5),
    maxBody: Int = 1 << 20,
    script: @escaping @Sendable (ScriptedServer.Request) -> [ScriptedServer.Action]
) async throws -> PollFailure {
    try await withServer(script: script) { server in
        try await firstFailure(FetchRequest(url: server.url(), timeout: timeout, maxBody: maxBody))
    }
}

func firstFailure(_ request: FetchRequest) async throws -> PollFailure {
    try await withPoller { poller in
        let recorder = Recorder()
        let poll = poller.poll(PollPlan(request: request, schedule: .every(.seconds(30))), observer: recorder)
        defer { poll.stop() }
        try await eventually("an event") { !recorder.events.isEmpty }
        return try #require(recorder.failures.first, "\(recorder.texts)")
    }
}
