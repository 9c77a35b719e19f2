import Glibc
import Synchronization
import Testing

@testable import Polling

@Suite("Many polls", .serialized)
struct ManyPollsTests {
    @Test("500 that begin at once share the host's connections, and each gets its answers")
    func manyAtOnce() async throws {
        try await withServer {
            .answer($0.path, after: 5)
        } _: { server in
            try await withPoller(limits: UpstreamLimits(connectionsPerHost: 16)) { poller in
                let recorders = (0..<500).map { _ in Recorder() }
                let polls = recorders.enumerated().map { index, recorder in
                    poller.poll(PollPlan(server.url("/\(index)"), every: .milliseconds(800)), observer: recorder)
                }
                try await eventually("three answers each") { recorders.allSatisfy { $0.events.count >= 3 } }
                for poll in polls { poll.stop() }
                #expect(server.mostInFlight <= 16 && server.connections <= 16)
                for (index, recorder) in recorders.enumerated() {
                    #expect(recorder.texts.first == "/\(index)" && Set(recorder.texts.dropFirst()) == ["same"])
                }
                try await eventually("nothing is left") {
                    let now = poller.statistics
                    return now.polls == 0 && now.inFlight == 0 && now.waiting == 0
                }
            }
        }
    }

    @Test("requests per second are kept over all polls and fetches of a host")
    func rate() async throws {
        try await withServer { _ in
            .answer("x")
        } _: { server in
            try await withPoller(limits: UpstreamLimits(requestsPerSecond: 50)) { poller in
                // The bucket is filled when the host is first asked for, which is after this: 40 requests are 5 at once
                // and 35 at 20 ms each. A busy machine only makes what is measured longer.
                let began = ContinuousClock.now
                let recorders = (0..<20).map { _ in Recorder() }
                let polls = recorders.map {
                    poller.poll(PollPlan(server.url("/poll"), every: .milliseconds(10)), observer: $0)
                }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<20 {
                        group.addTask {
                            let request = FetchRequest(url: server.url("/fetch"), timeout: .seconds(60))
                            let answer = try await poller.fetch(request)
                            #expect(answer.status == 200)
                        }
                    }
                    try await group.waitForAll()
                }
                try await eventually("40 requests") { server.requests.count >= 40 }
                let requests = server.requests
                #expect(requests[39].at - began >= .milliseconds(699))
                #expect(requests.filter { $0.path == "/fetch" }.count == 20)
                for poll in polls { poll.stop() }
            }
        }
    }

    @Test("polls that begin together ask together once, and from then on spread over their interval")
    func spread() async throws {
        try await withServer { _ in
            .answer("x")
        } _: { server in
            try await withPoller { poller in
                let recorder = Recorder()
                let polls = (0..<60).map { number in
                    poller.poll(PollPlan(server.url("/\(number)"), every: .seconds(600)), observer: recorder)
                }
                try await eventually("a first answer each") { polls.allSatisfy { $0.nextAttemptAtMilliseconds != nil } }
                let minutes = polls.compactMap { $0.nextAttemptAtMilliseconds }.map { $0 / 60_000 }
                // Within ten minutes; without a spread all would be due in the same one, or two.
                #expect(Set(minutes).count >= 8, "\(minutes)")
                #expect((minutes.max() ?? 0) - (minutes.min() ?? 0) <= 10)
                #expect(server.requests.count == 60)
                for poll in polls { poll.stop() }
            }
        }
    }

    @Test("a redirect that is followed counts as one more request of the host's rate")
    func rateOfRedirects() async throws {
        try await withServer {
            $0.path == "/old" ? .answer("", status: "302 Found", ["Location: /new"]) : .answer("x")
        } _: { server in
            try await withPoller(limits: UpstreamLimits(requestsPerSecond: 10)) { poller in
                let began = ContinuousClock.now
                for _ in 0..<6 {
                    let answer = try await poller.fetch(FetchRequest(url: server.url("/old")))
                    #expect(answer.status == 200)
                }
                // One at once; each of the other five waits for two tokens of 100 ms.
                #expect(server.requests.count == 12)
                #expect(server.requests[11].at - began >= .milliseconds(999))
            }
        }
    }

    @Test("what waits for a host that is down fails with the third request that reaches nothing, and is not sent")
    func failedAlike() async throws {
        let server = try await ScriptedServer { _ in [.pause(milliseconds: 60_000)] }
        try await withPoller(limits: UpstreamLimits(connectionsPerHost: 1)) { poller in
            let recorders = (0..<50).map { _ in Recorder() }
            let polls = recorders.map {
                poller.poll(PollPlan(server.url(), every: .seconds(600), timeout: .seconds(60)), observer: $0)
            }
            try await eventually("one request, and 49 that wait") {
                server.requests.count == 1 && poller.statistics.waiting == 49
            }
            await server.stop()
            try await eventually("a failure each") { recorders.allSatisfy { $0.failures.count == 1 } }
            // The one that was cut off, and three that were refused.
            try await eventually("four requests") { poller.statistics.failed == 50 }
            #expect(poller.statistics.requests == 4)
            for poll in polls { poll.stop() }
        }
    }

    @Test("the first request that gets through to a host brings all its polls out of their back-off")
    func recoveryOfAll() async throws {
        let first = try await ScriptedServer { _ in .answer("x") }
        let port = first.port
        await first.stop()
        try await withPoller { poller in
            let recorders = (0..<20).map { _ in Recorder() }
            let polls = recorders.enumerated().map { index, recorder in
                poller.poll(
                    PollPlan("http://127.0.0.1:\(port)/\(index)", every: .seconds(600)),
                    observer: recorder
                )
            }
            try await eventually("a failure each") { recorders.allSatisfy { !$0.failures.isEmpty } }
            #expect(polls.allSatisfy { ($0.nextAttemptAtMilliseconds ?? 0) > wallClockMilliseconds() + 400_000 })
            let server = try await ScriptedServer(port: port) { _ in .answer("back") }
            polls[7].pollNow()
            try await eventually("a document each", within: 60) { recorders.allSatisfy { !$0.bodies.isEmpty } }
            for poll in polls { poll.stop() }
            await server.stop()
        }
    }

    @Test("a host that is down is probed by one request at a time; once it is back all polls are")
    func hostDown() async throws {
        let first = try await ScriptedServer { _ in .answer("x") }
        let port = first.port
        await first.stop()
        try await withPoller { poller in
            let recorders = (0..<50).map { _ in Recorder() }
            let polls = recorders.enumerated().map { index, recorder in
                poller.poll(
                    PollPlan("http://127.0.0.1:\(port)/\(index)", every: .milliseconds(300)),
                    observer: recorder
                )
            }
            try await eventually("every poll has failed twice") { recorders.allSatisfy { $0.failures.count >= 2 } }
            #expect(recorders.allSatisfy { $0.failures.allSatisfy { $0.code == .refused } })
            let server = try await ScriptedServer(port: port) { _ in .answer("back") }
            try await eventually("every poll has a document") { recorders.allSatisfy { !$0.bodies.isEmpty } }
            for poll in polls { poll.stop() }
            await server.stop()
        }
    }

    @Test("shutdown with transfers under way ends them and the thread; what comes after it fails or does nothing")
    func shutdown() async throws {
        try await withServer { _ in
            [.pause(milliseconds: 60_000)]
        } _: { server in
            try await withPoller { poller in
                let recorder = Recorder()
                let poll = poller.poll(PollPlan(server.url(), every: .seconds(1)), observer: recorder)
                async let fetched = Result { try await poller.fetch(FetchRequest(url: server.url())) }
                try await eventually("two requests") { server.requests.count == 2 }
                let began = ContinuousClock.now
                await poller.shutdown()
                await poller.shutdown()
                #expect(ContinuousClock.now - began < .seconds(2))
                #expect(poll.isStopped && recorder.events.isEmpty)
                let failure = await fetched.failure as? FetchFailure
                #expect(failure == .shutDown)
                await #expect(throws: FetchFailure.shutDown) {
                    try await poller.fetch(FetchRequest(url: server.url()))
                }
                let late = poller.poll(PollPlan(server.url(), every: .seconds(1)), observer: recorder)
                #expect(late.isStopped)
                late.pollNow()
                late.stop()
                #expect(poller.statistics.polls == 0 && poller.statistics.inFlight == 0)
            }
        }
    }

    @Test("shutdown does not wait for a name that is being looked up")
    func shutdownWhileResolving() async throws {
        let poller = try Poller(logger: .init(label: "tests"))
        let recorder = Recorder()
        let poll = poller.poll(PollPlan("http://nonexistent.invalid/", every: .seconds(1)), observer: recorder)
        let began = ContinuousClock.now
        await poller.shutdown()
        #expect(ContinuousClock.now - began < .seconds(2))
        #expect(poll.isStopped)
    }

    @Test("no descriptor is left behind by polls, failures, stops and shutdown")
    func descriptors() async throws {
        let server = try await ScriptedServer { request in
            request.path == "/die" ? [.close] : .answer("x", after: 1)
        }
        // Once, for what the runtime and the resolver keep open.
        try await round(server)
        let before = try openDescriptors()
        for _ in 0..<5 { try await round(server) }
        try await eventually("the server has closed its ends") {
            ((try? openDescriptors()) ?? .max) <= before
        }
        await server.stop()
    }

    private func round(_ server: ScriptedServer) async throws {
        try await withPoller { poller in
            let recorders = (0..<60).map { _ in Recorder() }
            let polls = recorders.enumerated().map { index, recorder in
                let path = index % 3 == 0 ? "/die" : "/"
                return poller.poll(PollPlan(server.url(path), every: .milliseconds(20)), observer: recorder)
            }
            try await eventually("events") { recorders.allSatisfy { !$0.events.isEmpty } }
            for poll in polls.prefix(30) { poll.stop() }
        }
    }

    private func openDescriptors() throws -> Int {
        let folder = try #require(opendir("/proc/self/fd"))
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        return count
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }

    fileprivate var failure: (any Error)? {
        guard case .failure(let error) = self else { return nil }
        return error
    }
}
