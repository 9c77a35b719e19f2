import Foundation
import Testing

@Suite("Options of a poll route")
struct PollRouteOptionsTests {
    @Test(
        "hostile parameters are 404, and nothing is fetched",
        arguments: [
            "..", ".", "%2e%2e", "..%2Fadmin", "a%2Fb", "a%3Fx=1", "a%26x=1", "a%23", "a%20b", "a%0d%0aX:1", "%00",
            "%C3%A9",
            "%zz", "", "a/b", "a%25", "\(String(repeating: "a", count: 65))",
        ]
    )
    func hostileParameters(value: String) async throws {
        let upstream = try await LegacyUpstream()
        try await withBridge(pollRoute(upstream)) { bridge in
            let answer = try await Curl(bridge.url("/scores/\(value)"))
            #expect(answer.status == 404 || answer.status == 400 && value.contains("%"), "\(answer.status)")
            let refusal = await #expect(throws: WebSocketClient.Refused.self) {
                _ = try await bridge.version1("/scores/\(value)")
            }
            #expect(refusal?.status == answer.status)
            #expect(upstream.requests.isEmpty)
        }
    }

    @Test("params says what a parameter may be, and its value is percent-encoded in the URL")
    func params() async throws {
        let upstream = try await LegacyUpstream { .json(#""\#($0.uri)""#) }
        let route = pollRoute(upstream, #""params": {"league": "[a-z]{3}|[0-9]+ &/?"}"#)
        try await withBridge(route) { bridge async throws in
            #expect(try await Curl(bridge.url("/scores/abc")).text == #""/legacy?league=abc""#)
            #expect(try await Curl(bridge.url("/scores/7%20%26%2F")).text == #""/legacy?league=7%20%26%2F""#)
            for value in ["ab", "abcd", "ABC", "xabc", "abc0"] {
                #expect(try await Curl(bridge.url("/scores/\(value)")).status == 404, "\(value)")
            }
            #expect(Set(upstream.requests.map(\.uri)) == ["/legacy?league=abc", "/legacy?league=7%20%26%2F"])
        }
    }

    @Test("query names what is passed on, and it is part of the topic")
    func query() async throws {
        let upstream = try await LegacyUpstream { .json(#""\#($0.uri)""#) }
        try await withBridge(pollRoute(upstream, interval: "60s", #""query": ["round", "team"]"#)) { bridge in
            let first = try await Curl(bridge.url("/scores/a?round=1"))
            #expect(first.text == #""/legacy?league=a&round=1""#)
            #expect(try await Curl(bridge.url("/scores/a?round=2")).text == #""/legacy?league=a&round=2""#)
            #expect(try await Curl(bridge.url("/scores/a")).text == #""/legacy?league=a""#)
            #expect(upstream.requests.count == 3)
            // Whatever the order and what else stands there, it is the same topic.
            let both = try await Curl(bridge.url("/scores/a?team=x%20y&round=1")).text
            #expect(try await Curl(bridge.url("/scores/a?other=1&round=1&team=x+y")).text == both)
            #expect(both.contains("round=1") && both.contains("team=x%20y") && !both.contains("other"))
            #expect(upstream.requests.count == 4)
            // One that stands several times is passed on as often, in its order.
            let several = try await Curl(bridge.url("/scores/a?team=2&round=3&team=1"))
            #expect(several.text == #""/legacy?league=a&round=3&team=2&team=1""#)
            // A value cannot break out of its place.
            let hostile = try await Curl(bridge.url("/scores/a?round=1%26league%3Db%23x"))
            #expect(hostile.text == #""/legacy?league=a&round=1%26league%3Db%23x""#)
        }
    }

    @Test("forward keeps people apart: nobody ever sees what was fetched with another's credentials")
    func forward() async throws {
        let upstream = try await LegacyUpstream { request in
            .json(#"{"for":"\#(request.headers.first(name: "Authorization") ?? "nobody")","n":\#(request.uri.count)}"#)
        }
        let routes =
            pollRoute(upstream, #""forward": ["Authorization"]"#) + #", { "path": "/connect", "multiplex": {} }"#
        try await withBridge(routes) { bridge in
            let url = bridge.url("/scores/mine")
            async let one = Curl(url, "-H", "Authorization: Bearer one")
            async let two = Curl(url, "-H", "Authorization: Bearer two")
            async let none = Curl(url)
            let answers = try await [one, two, none]
            #expect(try answers.map { try $0.json()["for"] } == ["Bearer one", "Bearer two", "nobody"])
            #expect(answers.allSatisfy { $0["Cache-Control"]?.contains("private") == true })
            #expect(answers.allSatisfy { $0.headers["vary"]?.joined().lowercased().contains("authorization") == true })

            let first = try await bridge.version1("/scores/mine", headers: ["Authorization: Bearer one"])
            let second = try await bridge.version1("/scores/mine", headers: ["Authorization: Bearer two"])
            #expect(try await first.json()["data"]?["for"] == "Bearer one")
            #expect(try await second.json()["data"]?["for"] == "Bearer two")
            let multiplexed = try await bridge.version1("/connect", headers: ["Authorization: Bearer three"])
            try multiplexed.send(#"{"type":"subscribe","topic":"/scores/mine"}"#)
            #expect(try await multiplexed.json()["data"]?["for"] == "Bearer three")

            // A version of one is no key to the document of another.
            let version = try #require(try await Curl(url, "-H", "Authorization: Bearer one")["ETag"])
            let foreign = try await Curl(url, "-H", "Authorization: Bearer two", "-H", "If-None-Match: \(version)")
            #expect(foreign.status == 200)
            // Headers that are not named do not get through.
            _ = try await Curl(url, "-H", "Cookie: secret=1", "-H", "X-Other: 1")
            #expect(upstream.requests.allSatisfy { $0.headers["Cookie"].isEmpty && $0.headers["X-Other"].isEmpty })
        }
    }

    @Test("headers are sent with every fetch")
    func headers() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        try await withBridge(pollRoute(upstream, #""headers": {"X-Api-Key": "k1", "Accept": "application/json"}"#)) {
            bridge in
            _ = try await Curl(bridge.url("/scores/a"))
            let request = try #require(upstream.requests.first)
            #expect(request.headers["X-Api-Key"] == ["k1"])
            #expect(request.headers["Accept"] == ["application/json"])
        }
    }

    @Test("select delivers its part, to the letter, and a document without it is trouble")
    func select() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"at":1,"scores":[ {"a" : 1.50} ]}"#))
        try await withBridge(pollRoute(upstream, #""select": "/scores/0""#)) { bridge in
            let client = try await bridge.webSocket("/scores/a")
            #expect(try await client.text() == #"{"a":1.50}"#)
            let answer = try await Curl(bridge.url("/scores/a"))
            #expect(answer.text == #"{"a":1.50}"#)
            #expect(answer["ETag"] == "\"\(versionID(of: #"{"a":1.50}"#))\"")
            upstream.answer(.json(#"{"at":2,"scores":[ {"a" : 1.50} ]}"#))
            try await upstream.isAsked(3)
            upstream.answer(.json(#"{"at":3,"scores":[{"a":2}]}"#))
            #expect(try await client.text() == #"{"a":2}"#)
            upstream.answer(.json(#"{"at":3}"#))
            try await eventually("staleness") {
                try await Curl(bridge.url("/scores/a"))["X-Pushbridge-State"] == "stale"
            }
        }
    }

    @Test("maxBody refuses a larger first answer with 502")
    func maxBody() async throws {
        let upstream = try await LegacyUpstream(.text(String(repeating: "x", count: 2000)))
        try await withBridge(pollRoute(upstream, #""maxBody": "1KiB""#)) { bridge async throws in
            #expect(try await Curl(bridge.url("/scores/a")).status == 502)
        }
    }

    @Test("maxTopics bounds what may be polled at once: past it 503 with Retry-After")
    func maxTopics() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        try await withBridge(pollRoute(upstream, #""maxTopics": 2, "linger": "0s""#)) { bridge in
            let clients = [try await bridge.version1("/scores/a"), try await bridge.version1("/scores/b")]
            for client in clients { _ = try await client.json() }
            let refused = try await Curl(bridge.url("/scores/c"))
            #expect(refused.status == 503)
            #expect(refused["Retry-After"] != nil)
            #expect(try await Curl(bridge.url("/scores/a")).status == 200)
            try clients[0].close()
            try await eventually("room for another topic") { try await Curl(bridge.url("/scores/c")).status == 200 }
        }
    }

    @Test("text keeps its white space and its media type")
    func text() async throws {
        let upstream = try await LegacyUpstream(.text("a  b\n", type: "text/csv"))
        try await withBridge(pollRoute(upstream)) { bridge in
            let text = try await Curl(bridge.url("/scores/csv"))
            #expect(text.text == "a  b\n")
            #expect(text["Content-Type"] == "text/csv")
            #expect(try await bridge.webSocket("/scores/csv").text() == "a  b\n")
        }
    }

    @Test("format says what a body is, whatever its Content-Type")
    func format() async throws {
        let upstream = try await LegacyUpstream(.text("{ \"a\": 1 }", type: "text/html"))
        let routes = ["json", "text", "binary", "auto"].map {
            #"{ "path": "/\#($0)", "poll": { "url": "\#(upstream.url("/"))", "format": "\#($0)" } }"#
        }
        try await withBridge(routes.joined(separator: ",")) { bridge async throws in
            #expect(try await bridge.webSocket("/json").next() == .text(#"{"a":1}"#))
            #expect(try await bridge.webSocket("/text").next() == .text("{ \"a\": 1 }"))
            #expect(try await bridge.webSocket("/auto").next() == .text("{ \"a\": 1 }"))
            #expect(try await bridge.webSocket("/binary").next() == .binary(Data("{ \"a\": 1 }".utf8)))
        }
    }

    @Test("send carries a message to the upstream, gives its answer, and has the topic polled at once")
    func send() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"n":1}"#))
        upstream.answer { [weak upstream] request in
            guard request.method == "POST" else { return .json(#"{"n":1}"#) }
            upstream?.answer(.json(#"{"n":2}"#))
            var answer = LegacyUpstream.Answer.json(#"{"ok": true}"#)
            answer.status = 201
            return answer
        }
        let send = #""send": { "url": "\#(upstream.url("/votes?league={league}"))", "headers": {"X-Key": "k"} }"#
        // So rare a poll that only the message can have caused the next one.
        try await withBridge(pollRoute(upstream, interval: "60s", send)) { bridge in
            let client = try await bridge.version1("/scores/premier?mode=snapshot")
            #expect(try await client.json()["data"] == ["n": 1])
            try client.send(#"{"type":"send","topic":"/scores/premier","data":{"vote": "a"},"ref":"r1"}"#)
            let messages = [try await client.json(), try await client.json()]
            #expect(messages.contains(["type": "sent", "ref": "r1", "status": 201, "data": ["ok": true]]))
            #expect(messages.contains { $0["type"] == "snapshot" && $0["data"] == ["n": 2] })
            let post = try #require(upstream.requests.first { $0.method == "POST" })
            #expect(post.uri == "/votes?league=premier")
            #expect(try JSON(post.body) == ["vote": "a"])
            #expect(post.headers["Content-Type"] == ["application/json"])
            #expect(post.headers["X-Key"] == ["k"])
        }
    }

    @Test("messages of a client go to the upstream one at a time, in order, and JSON as it was written")
    func sendInOrder() async throws {
        let upstream = try await LegacyUpstream { request in
            guard request.method == "POST" else { return .json("1") }
            var answer = LegacyUpstream.Answer.json("{}")
            answer.delay = .milliseconds(150)
            return answer
        }
        let send = #""send": { "url": "\#(upstream.url("/in"))" }"#
        try await withBridge(pollRoute(upstream, interval: "60s", send)) { bridge in
            let client = try await bridge.version1("/scores/a")
            _ = try await client.json()
            let messages = ["1", #""two""#, #"{"three":3.0}"#, "null"]
            for (number, data) in messages.enumerated() {
                try client.send(#"{"type":"send","topic":"/scores/a","data":\#(data),"ref":\#(number)}"#)
            }
            for number in messages.indices { #expect(try await client.json()["ref"] == .number(Double(number))) }
            let posts = upstream.requests.filter { $0.method == "POST" }
            #expect(posts.map(\.body) == messages)
            for (earlier, later) in zip(posts, posts.dropFirst()) {
                #expect(later.at - earlier.at >= .milliseconds(149), "sent before the answer to the one before")
            }
        }
    }

    @Test("of the messages of a client 64 may wait for a slow upstream, and the next is refused")
    func sendBound() async throws {
        let upstream = try await LegacyUpstream { $0.method == "POST" ? .silent : .json("1") }
        let send = #""timeout": "600s", "send": { "url": "\#(upstream.url("/in"))" }"#
        try await withBridge(pollRoute(upstream, interval: "60s", send)) { bridge in
            let client = try await bridge.version1("/scores/a")
            _ = try await client.json()
            for number in 1...65 {
                try client.send(#"{"type":"send","topic":"/scores/a","data":1,"ref":\#(number)}"#)
            }
            let answer = try await client.json()
            #expect(answer["type"] == "error" && answer["code"] == 429 && answer["ref"] == 65, "\(answer)")
        }
    }

    @Test("send from a bare client is its message as it is, and a refusal of the upstream is told with its status")
    func sendBareAndRefused() async throws {
        let upstream = try await LegacyUpstream { request in
            request.method == "PUT" ? .failure(422) : .json(#"{"n":1}"#)
        }
        let send = #""send": { "method": "PUT", "url": "\#(upstream.url("/in"))", "contentType": "text/plain" }"#
        try await withBridge(pollRoute(upstream, send)) { bridge in
            let bare = try await bridge.webSocket("/scores/a")
            _ = try await bare.text()
            try bare.send("hello")
            try await eventually("the message at the upstream") { upstream.requests.contains { $0.body == "hello" } }
            let client = try await bridge.version1("/scores/a")
            _ = try await client.json()
            try client.send(#"{"type":"send","topic":"/scores/a","data":"hi","ref":2}"#)
            let answer = try await client.json()
            #expect(answer["ref"] == 2)
            #expect(answer["type"] == "sent")
            #expect(answer["status"] == 422)
            try await eventually("the text at the upstream") { upstream.requests.contains { $0.body == "hi" } }
            #expect(upstream.requests.last { $0.method == "PUT" }?.headers["Content-Type"] == ["text/plain"])
        }
    }
}
