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
                let recorders = (0..<40).map { _ in Recorder() }
                let polls = recorders.map {
                    poller.poll(PollPlan(server.url(), every: .milliseconds(10)), observer: $0)
                }
                try await eventually("an answer each") { recorders.allSatisfy { !$0.events.isEmpty } }
                let requests = server.requests
                let span = requests[39].at - requests[0].at
                #expect(span >= .milliseconds(680), "40 requests at 50/s, 5 of them at once: \(span)")
                for poll in polls { poll.stop() }
            }
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
