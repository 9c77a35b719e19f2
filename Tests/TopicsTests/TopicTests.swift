import JSONDelta
import NIOCore
import Testing

@testable import Topics

@Suite("A topic and its subscribers") struct TopicTests {
    let snapshots = DeliveryFormat(mode: .snapshot, envelope: .bare)
    let patches = DeliveryFormat(mode: .patch, envelope: .version1)
    let long = (0..<50).map { "\"member\($0)\":\($0)" }.joined(separator: ",")

    @Test("a topic's source starts with its first subscriber and stops linger after its last")
    func life() throws {
        let fixture = TopicFixture(settings: TopicSettings(linger: .seconds(30)))
        let sink = CollectingSink()
        let subscription = try fixture.shard().subscribe(sink, format: snapshots)
        _ = try fixture.shard().subscribe(CollectingSink(), format: snapshots)
        #expect(fixture.source.starts == 1)
        #expect(fixture.metrics.subscribers.load(ordering: .relaxed) == 2)
        subscription.cancel()
        subscription.cancel()
        #expect(fixture.metrics.subscribers.load(ordering: .relaxed) == 1)

        let other = TopicFixture(settings: TopicSettings(linger: .seconds(30)))
        try other.shard().subscribe(sink, format: snapshots).cancel()
        other.loop.advanceTime(by: .seconds(29))
        #expect(other.source.stops == 0)
        // Somebody comes back in time, and the count begins anew.
        try other.shard().subscribe(sink, format: snapshots).cancel()
        other.loop.advanceTime(by: .seconds(29))
        #expect(other.source.stops == 0)
        other.loop.advanceTime(by: .seconds(1))
        #expect(other.source.stops == 1)
        #expect(other.registry.all.isEmpty)
        #expect(other.source.starts == 1)
    }

    @Test(
        "the bytes of HTTP answers are made once, on an event loop only where they are few, and ahead while they are asked for"
    )
    func bodies() throws {
        let fixture = TopicFixture()
        let shard = try fixture.shard()
        let subscription = shard.subscribe(CollectingSink(), format: snapshots)
        func answer(_ text: String) throws -> Revision {
            try fixture.answer(text)
            return try #require(shard.topic.revision)
        }
        let first = try answer("[1]")
        #expect(try !answer("[22]").bodyIsWanted)
        #expect(first.body(copyingUpTo: 2) == nil)
        let second = try #require(shard.topic.revision)
        #expect(second.body(copyingUpTo: 3) == nil)
        #expect(second.body(copyingUpTo: 4).map { String(buffer: $0) } == "[22]")
        // Made ahead: nothing has to be copied.
        let third = try answer("[333]")
        #expect(third.body(copyingUpTo: 0).map { String(buffer: $0) } == "[333]")
        func address(_ bytes: ByteBuffer?) -> UInt? {
            bytes?.withUnsafeReadableBytes { UInt(bitPattern: $0.baseAddress) }
        }
        #expect(address(third.body(copyingUpTo: 0)) == address(third.makeBody()))
        // Nobody has asked for the fourth, so the fifth is not made ahead.
        _ = try answer("[4444]")
        #expect(try answer("[55555]").body(copyingUpTo: 0) == nil)
        subscription.cancel()
    }

    @Test("a small body is taken at once, unless what it is compared with is large or updates have to be compressed")
    func quick() throws {
        func answer(_ text: String, type: String = "application/json") -> SourceAnswer {
            SourceAnswer(
                body: Array(text.utf8),
                contentType: type,
                receivedAt: .now,
                receivedAtMilliseconds: 1
            )
        }
        let fixture = TopicFixture()
        let shard = try fixture.shard()
        let subscription = shard.subscribe(CollectingSink(), format: patches)
        let topic = shard.topic
        let large = #"["\#(String(repeating: "x", count: 9000))"]"#
        #expect(topic.takesQuickly(answer("[1]")))
        #expect(!topic.takesQuickly(answer(large)))
        #expect(!topic.takesQuickly(answer("<a/>", type: "text/xml")))
        try fixture.answer(large)
        #expect(!topic.takesQuickly(answer("[1]")))
        try fixture.answer("[1]")
        #expect(topic.takesQuickly(answer("[2]")))
        let format = DeliveryFormat(mode: .patch, envelope: .version1, compression: .shared(windowBits: 15))
        let compressed = shard.subscribe(CollectingSink(), format: format)
        #expect(!topic.takesQuickly(answer("[2]")))
        compressed.cancel()
        #expect(topic.takesQuickly(answer("[2]")))
        subscription.cancel()
    }

    @Test("a shard that nobody uses leaves by itself")
    func unused() throws {
        let fixture = TopicFixture(settings: TopicSettings(linger: .zero))
        _ = try fixture.shard()
        fixture.loop.run()
        fixture.loop.advanceTime(by: .milliseconds(1))
        #expect(fixture.registry.all.isEmpty)
    }

    @Test("the first document comes as it is, without insignificant white space")
    func first() async throws {
        let fixture = TopicFixture()
        let sink = CollectingSink()
        _ = try fixture.shard().subscribe(sink, format: snapshots)
        #expect(try fixture.answer("{ \"price\" : 1.10 }") == .changed)
        try await fixture.settle { !sink.deliveries.isEmpty }
        #expect(sink.texts == ["{\"price\":1.10}"])
    }

    @Test("a body that says the same is no new version")
    func unchanged() throws {
        let fixture = TopicFixture(settings: TopicSettings(ignored: [try JSONPointerPattern("/at")]))
        _ = try fixture.shard().subscribe(CollectingSink(), format: snapshots)
        #expect(try fixture.answer(#"{"a":1,"b":[1,2],"at":1}"#) == .changed)
        #expect(try fixture.answer(#"{"a":1,"b":[1,2],"at":1}"#) == .unchanged)
        #expect(try fixture.answer(#"{ "b" : [1, 2], "a" : 1, "at":1 }"#) == .unchanged)
        #expect(try fixture.answer(#"{"a":1,"b":[1,2],"at":2}"#) == .unchanged)
        #expect(try fixture.answer(#"{"a":1,"b":[2,1],"at":2}"#) == .changed)
        #expect(fixture.metrics.pollsUnchanged.load(ordering: .relaxed) == 3)
    }

    @Test("a patch says which version it is from and to, and is exact")
    func patch() async throws {
        let fixture = TopicFixture()
        let sink = CollectingSink()
        _ = try fixture.shard().subscribe(sink, format: patches)
        try fixture.answer("{\(long),\"x\":1}")
        try await fixture.settle { sink.deliveries.count == 1 }
        try fixture.answer("{\(long),\"x\":2}")
        #expect(sink.kinds == [.snapshot, .patch])
        let from = VersionID(of: Array("{\(long),\"x\":1}".utf8))
        let id = VersionID(of: Array("{\(long),\"x\":2}".utf8))
        #expect(
            sink.texts[1]
                == #"{"type":"patch","topic":"/t","from":"\#(from)","id":"\#(id)","at":1002,"patch":[{"op":"replace","path":"/x","value":2}]}"#
        )
    }

    @Test("a patch that is not smaller than the document is sent as a snapshot")
    func smallDocument() async throws {
        let fixture = TopicFixture()
        let sink = CollectingSink()
        _ = try fixture.shard().subscribe(sink, format: patches)
        try fixture.answer("[1]")
        try await fixture.settle { sink.deliveries.count == 1 }
        try fixture.answer("[2]")
        #expect(sink.kinds == [.snapshot, .snapshot])
    }

    @Test("a subscriber whose socket is full gets one patch to the newest version when it drains")
    func slow() async throws {
        let fixture = TopicFixture()
        let sink = CollectingSink()
        let subscription = try fixture.shard().subscribe(sink, format: patches)
        try fixture.answer("{\(long),\"x\":0}")
        try await fixture.settle { sink.deliveries.count == 1 }
        sink.isReady = false
        for x in 1...20 { try fixture.answer("{\(long),\"x\":\(x)}") }
        #expect(sink.deliveries.count == 1)
        #expect(fixture.metrics.conflated.load(ordering: .relaxed) == 19)
        sink.isReady = true
        subscription.sinkBecameReady()
        try await fixture.settle { sink.deliveries.count == 2 }
        let from = VersionID(of: Array("{\(long),\"x\":0}".utf8))
        #expect(sink.texts[1].contains("\"from\":\"\(from)\""))
        #expect(sink.texts[1].contains(#""patch":[{"op":"replace","path":"/x","value":20}]"#))
    }

    @Test("who resumes at a known version gets one patch, at the newest version a word, at an unknown one the document")
    func resume() async throws {
        let fixture = TopicFixture()
        let keeper = CollectingSink()
        _ = try fixture.shard().subscribe(keeper, format: snapshots)
        for x in 0...3 { try fixture.answer("{\(long),\"x\":\(x)}") }
        let old = VersionID(of: Array("{\(long),\"x\":1}".utf8))
        let new = VersionID(of: Array("{\(long),\"x\":3}".utf8))

        let behind = CollectingSink()
        _ = try fixture.shard().subscribe(behind, format: patches, since: old)
        try await fixture.settle { behind.deliveries.count == 1 }
        #expect(behind.texts[0].contains(#""from":"\#(old)","id":"\#(new)""#))
        #expect(behind.kinds == [.patch])

        let current = CollectingSink()
        _ = try fixture.shard().subscribe(current, format: patches, since: new)
        #expect(current.texts == [#"{"type":"current","topic":"/t","id":"\#(new)"}"#])

        let unknown = CollectingSink()
        _ = try fixture.shard().subscribe(unknown, format: patches, since: VersionID(of: [9]))
        try await fixture.settle { unknown.deliveries.count == 1 }
        #expect(unknown.kinds == [.snapshot])
    }

    @Test("a version that has left the history is resumed with the document")
    func history() async throws {
        let fixture = TopicFixture(settings: TopicSettings(historyBytes: 0))
        _ = try fixture.shard().subscribe(CollectingSink(), format: snapshots)
        for x in 0...2 { try fixture.answer("{\(long),\"x\":\(x)}") }
        let sink = CollectingSink()
        let old = VersionID(of: Array("{\(long),\"x\":1}".utf8))
        _ = try fixture.shard().subscribe(sink, format: patches, since: old)
        try await fixture.settle { sink.deliveries.count == 1 }
        #expect(sink.kinds == [.snapshot])
    }

    @Test("upstream trouble keeps the last document, is told once, and so is its end")
    func status() async throws {
        let fixture = TopicFixture()
        let sink = CollectingSink()
        _ = try fixture.shard().subscribe(sink, format: patches)
        try fixture.answer("[1]")
        try await fixture.settle { sink.deliveries.count == 1 }
        try fixture.fail(.status(503))
        try fixture.fail(.status(503))
        try fixture.fail(.word("timeout"))
        let topic = try #require(fixture.source.topic)
        #expect(topic.revision?.document.bytes == Array("[1]".utf8))
        try fixture.answer("[1]")
        #expect(
            Array(sink.texts.dropFirst()) == [
                #"{"type":"status","topic":"/t","state":"stale","code":503,"reason":"it failed","since":1002,"next":1012}"#,
                #"{"type":"status","topic":"/t","state":"stale","code":"timeout","reason":"it failed","since":1002,"next":1014}"#,
                #"{"type":"status","topic":"/t","state":"live","since":1005}"#,
            ]
        )
    }

    @Test("a first fetch that fails is an error to who waits, and the document comes when there is one")
    func firstFailure() async throws {
        let fixture = TopicFixture()
        let sink = CollectingSink()
        let shard = try fixture.shard()
        _ = shard.subscribe(sink, format: patches)
        var results: [Int] = []
        _ = shard.awaitDocument { result in
            if case .failure(let failure) = result { results.append(failure.gatewayStatus) }
        }
        try fixture.fail(.word("timeout"))
        #expect(results == [504])
        #expect(sink.texts == [#"{"type":"error","topic":"/t","code":504,"message":"it failed"}"#])
        try fixture.answer("[1]")
        try await fixture.settle { sink.deliveries.count == 2 }
        #expect(sink.kinds == [.error, .snapshot])
    }

    @Test(
        "a body that is no document is refused and the last one stays",
        arguments: ["<html>Error</html>", "", "{", "[1] [2]", "\u{0}"]
    )
    func invalid(body: String) throws {
        let fixture = TopicFixture()
        _ = try fixture.shard().subscribe(CollectingSink(), format: snapshots)
        try fixture.answer("[1]")
        guard case .invalid = try fixture.answer(body) else {
            Issue.record("\(body) was taken for JSON")
            return
        }
        #expect(fixture.source.topic?.revision?.document.bytes == Array("[1]".utf8))
    }

    @Test("a long poll is answered by another version, not by the one that it holds")
    func longPoll() throws {
        let fixture = TopicFixture()
        let shard = try fixture.shard()
        _ = shard.subscribe(CollectingSink(), format: snapshots)
        try fixture.answer("[1]")
        var answers: [String] = []
        let held = VersionID(of: Array("[1]".utf8))
        let waiter = shard.awaitDocument(unless: held) { result in
            if case .success(let revision) = result {
                answers.append(String(decoding: revision.document.bytes, as: UTF8.self))
            }
        }
        #expect(waiter != nil)
        try fixture.answer("[ 1 ]")
        #expect(answers.isEmpty)
        try fixture.answer("[2]")
        #expect(answers == ["[2]"])
    }

    @Test("a route holds no more topics than it may")
    func tooMany() throws {
        let fixture = TopicFixture(settings: TopicSettings(maximumTopics: 1))
        _ = try fixture.shard().subscribe(CollectingSink(), format: snapshots)
        var other = fixture.blueprint
        other.key = TopicKey(route: "/t", name: "/other")
        let blueprint = other
        #expect(throws: TopicRefusal.tooManyTopics(limit: 1)) { try fixture.topics.shard(for: blueprint) }
    }

    @Test("a key with other credentials is another topic")
    func credentials() {
        let anna = TopicKey(route: "/t", name: "/t", credentials: [1])
        let ben = TopicKey(route: "/t", name: "/t", credentials: [2])
        #expect(anna != ben)
        #expect(anna != TopicKey(route: "/t", name: "/t"))
    }
}
