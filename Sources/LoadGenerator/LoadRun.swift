import NIOCore
import NIOPosix
import PushbridgeClient
import WebSocket

/// One run of a ``LoadPlan``: opens the connections, measures for the plan's time, and closes them.
package struct LoadRun: Sendable {
    /// How things stand while it runs.
    package struct Progress: Sendable {
        /// Since the measuring began; nil: connections are being opened.
        package let elapsed: Duration?
        /// Open connections.
        package let connections: Int
        /// Messages that came, or came back, since the last progress.
        package let messages: Int
        /// Payload bytes of these.
        package let bytes: Int
        /// The 99th percentile of latency, or where there is none, of spread, in nanoseconds.
        package let percentile99: UInt64?
    }

    /// Handshakes under way at once.
    private static let handshakes = 64
    /// For all handshakes together.
    private static let openingLimit = Duration.seconds(60)
    /// How often progress is told.
    private static let tick = Duration.seconds(1)
    /// Places in the letters where a message may begin.
    private static let offsets = 1024
    /// For the close handshakes of all.
    private static let closingLimit = Duration.seconds(5)

    private let plan: LoadPlan
    private let opening: ClientOpening
    private let group: MultiThreadedEventLoopGroup
    private let stamp: Stamp
    private let letterSoup: ByteBuffer
    private let arrivals = Arrivals()

    /// - Throws: `ClientConnectionError` where the URL is no good.
    package init(_ plan: LoadPlan) throws {
        self.plan = plan
        var options = plan.options
        if case .echo = plan.kind { options.streamsMessages = true }
        opening = try ClientOpening(plan.url, options: options)
        group = .singleton
        stamp = Stamp(run: .random(in: .min ... .max), size: plan.size)
        // Each connection sends another part of it, which a service that does not echo is unlikely to send.
        let letters = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        letterSoup = ByteBuffer(bytes: (0..<plan.size + Self.offsets).map { _ in letters.randomElement() ?? 0x61 })
    }

    /// Runs. Cancelling the task ends the measuring early.
    ///
    /// - Throws: `ClientConnectionError` where not even the first connection can be opened; `CancellationError` where the task
    ///   was cancelled before.
    package func run(progress: @escaping @Sendable (Progress) -> Void) async throws -> LoadReport {
        let loops = try await makeLoops()
        var opened = Opened()
        // Alone: what is wrong with this one is most likely wrong with all.
        opened.add(try await open(.first, on: loops[0]))
        let start = ContinuousClock.now
        await openRest(on: loops, &opened, start: start, progress)
        let openingTime = ContinuousClock.now - start
        if case .fanout(.some) = plan.kind { opened.publisher = try await open(.publisher, on: loops[0]).socket }

        for loop in loops { loop.begin() }
        let side = LoadSide(loops: loops.count)
        let began = ContinuousClock.now
        let counts = await measure(loops, opened, began, progress)
        let elapsed = ContinuousClock.now - began
        let use = side.use(lag: counts.lag)
        await close(opened, loops)
        return LoadReport(plan, opened, openingTime: openingTime, counts, elapsed: elapsed, use)
    }

    // MARK: opening

    private enum Part: Sendable {
        case first, other, publisher
    }

    /// The connections that there are.
    struct Opened: Sendable {
        var sockets: [ClientSocket] = []
        var publisher: ClientSocket?
        var handshakes = LoadCounts.times()
        var failures: [String: Int] = [:]

        mutating func add(_ new: (socket: ClientSocket, time: Duration)) {
            sockets.append(new.socket)
            handshakes.record(UInt64(max(0, new.time / .nanoseconds(1))))
        }
    }

    private func open(_ part: Part, on loop: LoadLoop) async throws -> (socket: ClientSocket, time: Duration) {
        let start = ContinuousClock.now
        let (socket, client) = try await opening.open(on: loop.loop) { [plan, stamp, letterSoup] _ in
            let (recorder, arrivals) = (loop.recorder.value, loop.arrivals.value)
            let client: LoadClient =
                switch (plan.kind, part) {
                case (.fanout(let rate), .publisher):
                    PublisherClient(recorder, stamp: stamp, rate: rate ?? 1)
                case (.fanout(let rate), _):
                    SubscriberClient(recorder, arrivals: arrivals, stamp: rate == nil ? nil : stamp)
                case (.echo(let rate, let inFlight), _):
                    EchoClient(
                        recorder,
                        payload: letterSoup.getSlice(at: .random(in: 0..<Self.offsets), length: plan.size)
                            ?? letterSoup,
                        inFlight: inFlight,
                        rate: rate
                    )
                }
            loop.clients.value.append(client)
            return (client, NIOLoopBound(client, eventLoop: loop.loop))
        }
        loop.loop.execute { client.value.enrol() }
        return (socket, ContinuousClock.now - start)
    }

    private func openRest(
        on loops: [LoadLoop],
        _ opened: inout Opened,
        start: ContinuousClock.Instant,
        _ progress: @Sendable (Progress) -> Void
    ) async {
        var told = start
        await withTaskGroup(of: Result<(socket: ClientSocket, time: Duration), any Error>.self) { tasks in
            var index = 1
            func openNext() {
                guard index < plan.connections, !Task.isCancelled else { return }
                guard ContinuousClock.now - start < Self.openingLimit else {
                    opened.failures["not opened within \(Self.openingLimit)", default: 0] += plan.connections - index
                    index = plan.connections
                    return
                }
                let loop = loops[index % loops.count]
                index += 1
                tasks.addTask {
                    do { return .success(try await open(.other, on: loop)) } catch { return .failure(error) }
                }
            }
            for _ in 0..<Self.handshakes { openNext() }
            for await result in tasks {
                switch result {
                case .success(let new): opened.add(new)
                // Those that were under way when the run was ended are nobody's failures.
                case .failure(let error):
                    if !(error is CancellationError) { opened.failures["\(error)", default: 0] += 1 }
                }
                if ContinuousClock.now - told >= Self.tick {
                    told = .now
                    progress(
                        Progress(
                            elapsed: nil,
                            connections: opened.sockets.count,
                            messages: 0,
                            bytes: 0,
                            percentile99: nil
                        )
                    )
                }
                openNext()
            }
        }
    }

    // MARK: measuring

    private func makeLoops() async throws -> [LoadLoop] {
        var loops: [LoadLoop] = []
        for loop in group.makeIterator() {
            loops.append(try await loop.submit { LoadLoop(loop, self.arrivals) }.get())
        }
        return loops
    }

    private func measure(
        _ loops: [LoadLoop],
        _ opened: Opened,
        _ began: ContinuousClock.Instant,
        _ progress: @Sendable (Progress) -> Void
    ) async -> LoadCounts {
        var total = LoadCounts()
        var isCancelled = false
        let end = began + plan.duration
        while ContinuousClock.now < end, !isCancelled {
            do { try await Task.sleep(until: min(end, ContinuousClock.now + Self.tick)) } catch { isCancelled = true }
            var now = LoadCounts()
            for loop in loops { now.add(await loop.take()) }
            total.add(now)
            let times = now.latency.totalCount > 0 ? now.latency : now.spread
            let lost = total.lost.values.reduce(0, +)
            progress(
                Progress(
                    elapsed: ContinuousClock.now - began,
                    connections: max(0, opened.sockets.count + (opened.publisher == nil ? 0 : 1) - lost),
                    messages: now.messages,
                    bytes: now.bytes,
                    percentile99: times.totalCount > 0 ? times.valueAtPercentile(99) : nil
                )
            )
            // Nothing can come any more.
            if lost >= opened.sockets.count || total.foreign > 0 { break }
        }
        return total
    }

    private func close(_ opened: Opened, _ loops: [LoadLoop]) async {
        for loop in loops { await loop.end() }
        for socket in opened.sockets + [opened.publisher].compactMap({ $0 }) {
            socket.loop.execute { socket.handler.value.close(code: .normal) }
        }
        let limit = ContinuousClock.now + Self.closingLimit
        while ContinuousClock.now < limit, !Task.isCancelled {
            var open = 0
            for loop in loops { open += await loop.openCount() }
            if open == 0 { return }
            try? await Task.sleep(for: .milliseconds(50))
        }
    }
}

/// One event loop of a run, and what it holds.
struct LoadLoop: Sendable {
    let loop: any EventLoop
    let recorder: NIOLoopBound<LoopRecorder>
    let arrivals: NIOLoopBound<LoopArrivals>
    let clients: NIOLoopBoundBox<[LoadClient]>

    /// On the loop.
    init(_ loop: any EventLoop, _ arrivals: Arrivals) {
        self.loop = loop
        recorder = NIOLoopBound(LoopRecorder(), eventLoop: loop)
        self.arrivals = NIOLoopBound(LoopArrivals(arrivals), eventLoop: loop)
        clients = NIOLoopBoundBox([], eventLoop: loop)
    }

    func begin() {
        loop.execute {
            recorder.value.begin(on: loop)
            recorder.value.isMeasuring = true
            for client in clients.value { client.start() }
        }
    }

    func take() async -> LoadCounts {
        (try? await loop.submit { recorder.value.take() }.get()) ?? LoadCounts()
    }

    func end() async {
        try? await loop.submit { recorder.value.end() }.get()
    }

    func openCount() async -> Int {
        (try? await loop.submit { clients.value.count { $0.socket != nil } }.get()) ?? 0
    }
}
