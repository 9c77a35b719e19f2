import Foundation
import Testing

@Suite("Reading the configuration again")
struct ReloadTests {
    private let room = #"{ "path": "/rooms/{room}", "channel": { "echo": true } }"#

    private func write(
        _ routes: String,
        to folder: TemporaryFolder,
        listen: String = #"{ "host": "127.0.0.1", "port": 0 }"#,
        settings: String = ""
    ) throws -> URL {
        try folder.write(
            "config.json",
            """
            { "listen": [\(listen)], "admin": { "host": "127.0.0.1", "port": 0 }, \(settings)
              "drain": "100ms", "routes": [\(routes)] }
            """
        )
    }

    @Test("connections of unchanged routes live on, those of changed ones are told to come back, new routes answer")
    func reload() async throws {
        let upstream = try await LegacyUpstream(.json(#"{"n":1}"#))
        let poll = pollRoute(upstream)
        try await within(Turnstile.bridges) {
            let folder = try TemporaryFolder()
            let file = try write("\(poll), \(room)", to: folder)
            let bridge = try await BridgeUnderTest.start(["serve", "--config", file.path()], folder: folder)
            let admin = try await bridge.admin()
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
            let admin = try await bridge.admin()
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
            let admin = try await bridge.admin()
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

    @Test("1000 clients of unchanged routes live through reloads under traffic, and miss nothing")
    func thousand() async throws {
        let upstream = try await LegacyUpstream(.json(scoreboard(goals: 0)))
        let limits = #""limits": { "connections": 3000, "connectionsPerAddress": 3000 },"#
        let kept = "\(pollRoute(upstream)), \(room)"
        try await within(Turnstile.bridges) {
            let folder = try TemporaryFolder()
            let file = try write(kept, to: folder, settings: limits)
            let bridge = try await BridgeUnderTest.start(["serve", "--config", file.path()], folder: folder)
            let admin = try await bridge.admin()
            let clients = try ChildProcess(
                try Places.python(),
                [
                    Places.scripts.appending(path: "reload_crowd.py").path(),
                    bridge.webSocketURL("/scores/premier"), bridge.webSocketURL("/rooms/a"), "1000",
                ]
            )
            #expect(try await clients.line(within: .seconds(120)) == "connected", "\(clients.errors)")
            for number in 1...12 {
                upstream.answer(.json(scoreboard(goals: number)))
                try clients.write(line: "\(number)")
                switch number % 3 {
                case 0: try folder.write("config.json", "{ this is none")
                case 1: _ = try write(#"\#(kept), { "path": "/more", "multiplex": {} }"#, to: folder, settings: limits)
                default: _ = try write(kept, to: folder, settings: limits)
                }
                let reloaded = try await Curl(admin + "/reload", "-X", "POST")
                #expect(reloaded.status == (number % 3 == 0 ? 422 : 200), "\(reloaded.text)")
                #expect(try await clients.line(within: .seconds(60)) == "\(number)", "\(clients.errors)")
            }
            try clients.closeInput()
            #expect(try await clients.end() == .exited(0), "\(clients.errors)")
            try await bridge.stop()
        }
    }

    @Test("listeners are opened and closed; connections live on, and kept listeners are not touched")
    func listeners() async throws {
        try await within(Turnstile.bridges) {
            let folder = try TemporaryFolder()
            let file = try write(room, to: folder, listen: #"{ "port": 0 }, { "host": "localhost", "port": 0 }"#)
            let process = try ChildProcess(Places.program, ["serve", "--config", file.path()])
            let kept = try await url(process)
            let dropped = try await url(process)
            _ = try await url(process)
            let clients = [
                try await WebSocketClient.open(webSocket(kept)), try await WebSocketClient.open(webSocket(dropped)),
            ]
            _ = try write(room, to: folder, listen: #"{ "port": 0 }, { "host": "127.0.0.2", "port": 0 }"#)
            process.signal(SIGHUP)
            let opened = try await url(process)
            #expect(opened.hasPrefix("http://127.0.0.2:"))
            #expect(try await Curl(opened + "/none").status == 404)
            #expect(try await Curl(kept + "/none").status == 404)
            try await eventually("the end of the listener") { (try? await Curl(dropped + "/none")) == nil }
            try clients[0].send("still here")
            for client in clients { #expect(try await client.text() == "still here") }
            process.signal(SIGTERM)
            #expect(try await process.end() == .exited(0))
        }
    }

    @Test("a listener that cannot be bound refuses the reload, and nothing has changed")
    func portInUse() async throws {
        let other = try await TCPBackend(.silent)
        try await within(Turnstile.bridges) {
            let folder = try TemporaryFolder()
            let file = try write(room, to: folder)
            let bridge = try await BridgeUnderTest.start(["serve", "--config", file.path()], folder: folder)
            let admin = try await bridge.admin()
            let new = #"{ "path": "/new/{room}", "channel": {} }"#
            _ = try write(new, to: folder, listen: #"{ "host": "127.0.0.2", "port": 0 }, { "port": \#(other.port) }"#)
            let answer = try await Curl(admin + "/reload", "-X", "POST")
            #expect(answer.status == 422)
            #expect(answer.text.contains("127.0.0.1:\(other.port): the port is in use"), "\(answer.text)")
            let client = try await bridge.webSocket("/rooms/a")
            try client.send("as before")
            #expect(try await client.text() == "as before")
            try await bridge.stop()
        }
    }

    @Test("an address may take the place of one that excludes it")
    func wildcard() async throws {
        try await within(Turnstile.bridges) {
            let folder = try TemporaryFolder()
            let file = try write(room, to: folder)
            let bridge = try await BridgeUnderTest.start(["serve", "--config", file.path()], folder: folder)
            let admin = try await bridge.admin()
            _ = try write(room, to: folder, listen: #"{ "host": "127.0.0.1", "port": \#(bridge.port) }"#)
            let client = try await bridge.webSocket("/rooms/a")
            for host in ["127.0.0.1", "0.0.0.0", "127.0.0.1"] {
                _ = try write(room, to: folder, listen: #"{ "host": "\#(host)", "port": \#(bridge.port) }"#)
                let answer = try await Curl(admin + "/reload", "-X", "POST")
                #expect(answer.status == 200, "\(answer.text)")
                #expect(try await Curl(bridge.url("/none")).status == 404)
            }
            try client.send("still here")
            #expect(try await client.text() == "still here")
            try await bridge.stop()
        }
    }

    @Test("new limits hold for newcomers; nobody is put out for them")
    func limits() async throws {
        try await within(Turnstile.bridges) {
            let folder = try TemporaryFolder()
            let file = try write(room, to: folder, settings: #""limits": { "connectionsPerAddress": 50 },"#)
            let bridge = try await BridgeUnderTest.start(["serve", "--config", file.path()], folder: folder)
            let admin = try await bridge.admin()
            let clients = [try await bridge.webSocket("/rooms/a"), try await bridge.webSocket("/rooms/a")]
            _ = try write(room, to: folder, settings: #""limits": { "connectionsPerAddress": 1 },"#)
            #expect(try await Curl(admin + "/reload", "-X", "POST").status == 200)
            #expect(try await Curl(bridge.url("/none")).status == 503)
            try clients[0].send("still here")
            for client in clients { #expect(try await client.text() == "still here") }
            _ = try write(room, to: folder, settings: #""limits": { "message": "16B" },"#)
            #expect(try await Curl(admin + "/reload", "-X", "POST").status == 200)
            let newcomer = try await bridge.webSocket("/rooms/b")
            try newcomer.send(String(repeating: "x", count: 17))
            #expect(try await newcomer.closeCode() == 1009)
            try await bridge.stop()
        }
    }

    @Test("what waits for a restart is named at each reload until there was one")
    func needRestart() async throws {
        try await within(Turnstile.bridges) {
            let folder = try TemporaryFolder()
            let file = try write(room, to: folder)
            let bridge = try await BridgeUnderTest.start(["serve", "--config", file.path()], folder: folder)
            let admin = try await bridge.admin()
            _ = try write(room, to: folder, settings: #""eventLoops": 3, "upstream": { "connections": 3 },"#)
            for _ in 1...2 {
                let answer = try await Curl(admin + "/reload", "-X", "POST").json()
                #expect(answer["needRestart"] == ["upstream", "eventLoops"])
            }
            try await bridge.process.says("in force only after a restart")
            _ = try write(room, to: folder)
            #expect(try await Curl(admin + "/reload", "-X", "POST").json()["needRestart"] == [])
            try await bridge.stop()
        }
    }

    @Test("a new log level is in force at once")
    func logLevel() async throws {
        try await within(Turnstile.bridges) {
            let folder = try TemporaryFolder()
            let file = try write(room, to: folder)
            let bridge = try await BridgeUnderTest.start(["serve", "--config", file.path()], folder: folder)
            let admin = try await bridge.admin()
            for level in ["info", "error", "error", "info"] {
                _ = try write(room, to: folder, settings: #""logLevel": "\#(level)","#)
                #expect(try await Curl(admin + "/reload", "-X", "POST").status == 200)
            }
            try await bridge.stop()
            // A reload is told of by the level that it brings.
            #expect(bridge.process.errors.components(separatedBy: "configuration reloaded").count == 3)
        }
    }

    private func url(_ process: ChildProcess) async throws -> String {
        let line = try #require(try await process.line())
        return String(try #require(line.split(separator: " ").dropFirst(2).first))
    }

    private func webSocket(_ url: String) -> String { url.replacing("http://", with: "ws://") + "/rooms/a" }
}
