import Foundation
import Testing

@Suite("Reading the configuration again")
struct ReloadTests {
    private let room = #"{ "path": "/rooms/{room}", "channel": { "echo": true } }"#

    private func write(_ routes: String, to folder: TemporaryFolder) throws -> URL {
        try folder.write(
            "config.json",
            """
            { "listen": [{ "host": "127.0.0.1", "port": 0 }], "admin": { "host": "127.0.0.1", "port": 0 },
              "drain": "100ms", "routes": [\(routes)] }
            """
        )
    }

    private func admin(_ bridge: BridgeUnderTest) async throws -> String {
        let line = try #require(try await bridge.process.line())
        return String(line.dropFirst("pushbridge ready: ".count).dropLast(" (admin)".count))
    }

    @Test("connections of unchanged routes live on, those of changed ones are told to come back, new routes answer")
    func reload() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"n":1}"#))
        let poll = pollRoute(upstream)
        try await within(Turnstile.bridges) {
            let folder = try TemporaryFolder()
            let file = try write("\(poll), \(room)", to: folder)
            let bridge = try await BridgeUnderTest.start(["serve", "--config", file.path()], folder: folder)
            let admin = try await admin(bridge)
            let kept = try await bridge.webSocket("/scores/premier")
            #expect(try await kept.text() == #"{"n":1}"#)
            let changed = try await bridge.webSocket("/rooms/a")
            let changedRoom = #"{ "path": "/rooms/{room}", "channel": { "echo": false } }"#
            let added = #"{ "path": "/more/{room}", "channel": { "echo": true } }"#
            _ = try write("\(poll), \(changedRoom), \(added)", to: folder)
            bridge.process.signal(SIGHUP)
            #expect(try await changed.closeCode() == 1001)
            let new = try await bridge.webSocket("/more/a")
            try new.send("hello")
            #expect(try await new.text() == "hello")
            upstream.answer(.json(#"{"n":2}"#))
            #expect(try await kept.text() == #"{"n":2}"#)
            let answer = try await Curl(admin + "/reload", "-X", "POST")
            #expect(answer.status == 200)
            #expect(try answer.json()["kept"]?.double == 3)
            try await bridge.stop()
        }
    }

    @Test("a changed poll route polls its new upstream, and nothing asks the old one any more than it has to")
    func changedUpstream() async throws {
        let (old, new) = (
            try await LegacyUpstream(.json(#"{"n":"old"}"#)), try await LegacyUpstream(.json(#"{"n":"new"}"#))
        )
        try await within(Turnstile.bridges) {
            let folder = try TemporaryFolder()
            let file = try write("\(pollRoute(old)), { \"path\": \"/all\", \"multiplex\": {} }", to: folder)
            let bridge = try await BridgeUnderTest.start(["serve", "--config", file.path()], folder: folder)
            let admin = try await admin(bridge)
            let client = try await bridge.webSocket("/scores/premier")
            #expect(try await client.text() == #"{"n":"old"}"#)
            let multiplexed = try await bridge.version1("/all")
            try multiplexed.send(#"{"type":"subscribe","topic":"/scores/premier"}"#)
            #expect(try await multiplexed.json()["type"] == "snapshot")
            _ = try write("\(pollRoute(new)), { \"path\": \"/all\", \"multiplex\": {} }", to: folder)
            #expect(try await Curl(admin + "/reload", "-X", "POST").status == 200)
            #expect(try await client.closeCode() == 1001)
            #expect(try await multiplexed.closeCode() == 1001)
            #expect(try await Curl(bridge.url("/scores/premier")).text == #"{"n":"new"}"#)
            try await bridge.stop()
        }
    }

    @Test("a bad file changes nothing, and every error of it is reported")
    func badFile() async throws {
        try await within(Turnstile.bridges) {
            let folder = try TemporaryFolder()
            let file = try write(room, to: folder)
            let bridge = try await BridgeUnderTest.start(["serve", "--config", file.path()], folder: folder)
            let admin = try await admin(bridge)
            let client = try await bridge.webSocket("/rooms/a")
            _ = try write(#"{ "path": "/a", "chanel": {} }, { "path": "b", "channel": {} }"#, to: folder)
            let answer = try await Curl(admin + "/reload", "-X", "POST")
            #expect(answer.status == 422)
            #expect(answer.text.contains("routes[0]") && answer.text.contains("routes[1].path"), "\(answer.text)")
            bridge.process.signal(SIGHUP)
            try await eventually("the error in the log") {
                bridge.process.errors.components(separatedBy: "nothing has changed").count > 2
            }
            try client.send("still here")
            #expect(try await client.text() == "still here")
            try await bridge.stop()
        }
    }
}
