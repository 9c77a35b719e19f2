import Foundation
import Testing

@Suite("One poll serves everybody")
struct SharedPollTests {
    @Test("four clients on four transports cost the upstream one request at a time")
    func transports() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        // So slow a poll that a second one would be seen.
        try await withBridge(pollRoute(upstream, interval: "60s")) { bridge in
            let client = try await bridge.version1("/scores/premier")
            _ = try await client.json()
            let bare = try await bridge.webSocket("/scores/premier")
            _ = try await bare.text()
            let (stream, _) = try await EventStream.open(bridge.url("/scores/premier"))
            _ = try await stream.next()
            for _ in 0..<5 { #expect(try await Curl(bridge.url("/scores/premier")).status == 200) }
            #expect(upstream.requests.count == 1)
        }
    }

    @Test("clients that come while the first fetch is under way wait for it, and start no other")
    func firstFetch() async throws {
        var slow = LegacyUpstream.Answer.json(#"{"a":1}"#)
        slow.delay = .milliseconds(500)
        let upstream = try await LegacyUpstream(slow)
        try await withBridge(pollRoute(upstream, interval: "60s")) { bridge in
            let url = bridge.url("/scores/premier")
            async let one = Curl(url)
            async let two = Curl(url)
            async let three = Curl(url)
            let answers = try await [one, two, three]
            #expect(answers.allSatisfy { $0.status == 200 && $0.text == #"{"a":1}"# })
            #expect(upstream.requests.count == 1)
        }
    }

    @Test("different parameters are different topics, and spellings of one are one")
    func topics() async throws {
        let upstream = try await LegacyUpstream { .json(#"{"uri":"\#($0.uri)"}"#) }
        try await withBridge(pollRoute(upstream, interval: "60s")) { bridge async throws in
            #expect(try await Curl(bridge.url("/scores/a")).text.contains("league=a"))
            #expect(try await Curl(bridge.url("/scores/b")).text.contains("league=b"))
            #expect(try await Curl(bridge.url("/scores/%61")).text.contains("league=a"))
            #expect(try await Curl(bridge.url("/scores/a?x=1")).text.contains("league=a"))
            #expect(upstream.requests.count == 2)
        }
    }

    @Test("the validators of the upstream are sent back to it, and its 304 is no change")
    func conditional() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#, etag: "\"one\""))
        try await withBridge(pollRoute(upstream)) { bridge in
            let client = try await bridge.version1("/scores/premier")
            #expect(try await client.json()["data"] == ["a": 1])
            try await upstream.isAsked(3)
            let requests = upstream.requests
            #expect(requests[0].headers["If-None-Match"].isEmpty)
            #expect(requests[1...].allSatisfy { $0.headers["If-None-Match"] == ["\"one\""] })
            upstream.answer(.json(#"{"a":2}"#, etag: "\"two\""))
            // Nothing came for the 304s: the next message is the change.
            #expect(try await client.json()["data"] == ["a": 2])
            try await upstream.isAsked(2)
            #expect(upstream.requests.last?.headers["If-None-Match"] == ["\"two\""])
        }
    }

    @Test("Last-Modified is sent back as If-Modified-Since")
    func lastModified() async throws {
        let date = "Sun, 22 Nov 2026 10:00:00 GMT"
        var answer = LegacyUpstream.Answer.json(#"{"a":1}"#)
        answer.headers = [("Last-Modified", date)]
        let upstream = try await LegacyUpstream(answer)
        try await withBridge(pollRoute(upstream)) { bridge in
            let client = try await bridge.version1("/scores/premier")
            _ = try await client.json()
            try await upstream.isAsked(2)
            #expect(upstream.requests.last?.headers["If-Modified-Since"] == [date])
        }
    }

    @Test("white space, member order and ignored members are no change")
    func equalValues() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1,"b":{"at":"10:00","c":[1,2]}}"#))
        try await withBridge(pollRoute(upstream, #""ignore": ["/b/at"]"#)) { bridge in
            let client = try await bridge.version1("/scores/premier?mode=snapshot")
            let first = try await client.json()
            for same in [
                #"{ "a" : 1, "b" : { "at":"10:00", "c":[1,2] } }"#,
                #"{"b":{"c":[1,2],"at":"10:00"},"a":1}"#,
                #"{"a":1,"b":{"at":"10:01","c":[1,2]}}"#,
                #"{"a":1,"b":{"c":[1,2]}}"#,
            ] {
                upstream.answer(.json(same))
                try await upstream.isAsked(3)
            }
            #expect(try await Curl(bridge.url("/scores/premier"))["ETag"] == "\"\(first["id"]?.text ?? "")\"")
            upstream.answer(.json(#"{"a":1,"b":{"at":"10:02","c":[2,1]}}"#))
            let second = try await client.json()
            #expect(second["data"] == ["a": 1, "b": ["at": "10:02", "c": [2, 1]]])
        }
    }

    @Test("a number written differently is a change, as its text is delivered to the letter")
    func numberText() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"odds":1.1}"#))
        try await withBridge(pollRoute(upstream)) { bridge in
            let client = try await bridge.webSocket("/scores/premier")
            #expect(try await client.text() == #"{"odds":1.1}"#)
            upstream.answer(.json(#"{"odds":1.25}"#))
            #expect(try await client.text() == #"{"odds":1.25}"#)
            upstream.answer(.json(#"{"odds":12345678901234567890.10}"#))
            #expect(try await client.text() == #"{"odds":12345678901234567890.10}"#)
        }
    }

    @Test("a slow answer does not stretch the period")
    func fixedRate() async throws {
        var slow = LegacyUpstream.Answer.json(#"{"a":1}"#)
        slow.delay = .milliseconds(300)
        let upstream = try await LegacyUpstream(slow)
        try await withBridge(pollRoute(upstream, interval: "400ms")) { bridge in
            let client = try await bridge.version1("/scores/premier")
            _ = try await client.json()
            try await upstream.isAsked(8)
            let times = upstream.requests.map(\.at)
            // The first gap is shorter on purpose; the rest are a grid of 400 ms, not one of 700. A machine that is busy may
            // miss some of its points, but no gap would be as short where each begins with an answer.
            let gaps = zip(times.dropFirst(2), times.dropFirst()).map { $0 - $1 }
            let shortest = try #require(gaps.min())
            #expect(shortest < .milliseconds(600), "\(gaps)")
            let mean = gaps.reduce(.zero, +) / gaps.count
            #expect(mean > .milliseconds(380), "one request in \(mean)")
        }
    }

    @Test("nobody is polled for who has not come, and polling ends after linger")
    func linger() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        try await withBridge(pollRoute(upstream, interval: "50ms", #""linger": "300ms""#)) { bridge in
            #expect(upstream.requests.isEmpty)
            let client = try await bridge.version1("/scores/premier")
            _ = try await client.json()
            try await upstream.isAsked(3)
            try client.close()
            _ = try await client.closeCode()
            // Silence for much longer than an interval says that it has ended; it must come, whenever the machine is busy.
            var last = upstream.requests.count
            var quietSince = ContinuousClock.now
            try await eventually("the end of the polling") {
                if upstream.requests.count != last {
                    last = upstream.requests.count
                    quietSince = .now
                }
                return ContinuousClock.now - quietSince > .milliseconds(1500)
            }
            // Somebody comes again: it begins anew, with the document as it is now.
            upstream.answer(.json(#"{"a":2}"#))
            #expect(try await Curl(bridge.url("/scores/premier")).text == #"{"a":2}"#)
        }
    }

    @Test("a client within linger finds the topic alive")
    func withinLinger() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        try await withBridge(pollRoute(upstream, interval: "60s", #""linger": "60s""#)) { bridge async throws in
            for _ in 0..<3 { #expect(try await Curl(bridge.url("/scores/premier")).status == 200) }
            #expect(upstream.requests.count == 1)
        }
    }

    @Test("200 clients on all WebSocket transports cost one request an interval")
    func twoHundred() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 0)))
        try await withBridge(pollRoute(upstream, interval: "500ms")) { bridge in
            let clients = try ChildProcess(
                try Places.python(),
                [Places.scripts.appending(path: "crowd.py").path(), bridge.webSocketURL("/scores/premier"), "200"]
            )
            #expect(try await clients.line(within: .seconds(60)) == "200 connected")
            let start = ContinuousClock.now
            let before = upstream.requests.count
            try await upstream.isAsked(6)
            let requests = upstream.requests.count - before
            let intervals = (ContinuousClock.now - start) / .milliseconds(500)
            #expect(Double(requests) <= intervals + 2)
            upstream.answer(.json(scoreboard(goals: 1)))
            try clients.write(line: versionID(of: scoreboard(goals: 1)))
            #expect(try await clients.line(within: .seconds(60)) == "200 changed")
            #expect(try await clients.end() == .exited(0), "\(clients.errors)")
        }
    }

    @Test("1000 concurrent clients on one topic all get the same change")
    func thousand() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 0)))
        let settings = #""limits": { "connections": 3000, "connectionsPerAddress": 3000 },"#
        try await withBridge(pollRoute(upstream, interval: "500ms"), settings: settings) { bridge in
            let clients = try ChildProcess(
                try Places.python(),
                [Places.scripts.appending(path: "crowd.py").path(), bridge.webSocketURL("/scores/premier"), "1000"]
            )
            #expect(try await clients.line(within: .seconds(120)) == "1000 connected")
            for goals in 1...3 {
                upstream.answer(.json(scoreboard(goals: goals)))
                try clients.write(line: versionID(of: scoreboard(goals: goals)))
                #expect(try await clients.line(within: .seconds(60)) == "1000 changed")
            }
            try clients.closeInput()
            #expect(try await clients.end() == .exited(0), "\(clients.errors)")
        }
    }
}
