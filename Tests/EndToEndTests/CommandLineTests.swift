import Foundation
import Testing

@Suite("The command line")
struct CommandLineTests {
    private func run(_ arguments: String..., environment: [String: String] = [:], directory: URL? = nil) async throws
        -> Run
    {
        try await Run(Places.program, arguments, environment: environment, directory: directory)
    }

    private let room = #""routes": [{ "path": "/room", "channel": {} }]"#

    @Test("--help tells the commands, and --version a version")
    func help() async throws {
        let help = try await run("--help")
        #expect(help.ending == .exited(0))
        for command in ["serve", "demo", "check"] { #expect(help.output.contains(command)) }
        let version = try await run("--version")
        #expect(version.ending == .exited(0))
        #expect(version.output.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
        for command in ["serve", "demo", "check"] {
            #expect(try await run(command, "--help").output.contains("USAGE: pushbridge \(command)"))
        }
    }

    @Test(
        "wrong usage ends with 64 and tells why on standard error",
        arguments: [
            ["--nonsense"], ["dance"], ["serve", "--nonsense"], ["serve", "--config"], ["demo", "--port", "many"],
            ["demo", "--port", "70000"], ["check", "a", "b"],
        ]
    )
    func usage(arguments: [String]) async throws {
        let run = try await Run(Places.program, arguments)
        #expect(run.ending == .exited(64))
        #expect(run.errors.contains("Error"))
        #expect(run.output.isEmpty)
    }

    @Test("the ready line is one for each listener, with the real port, and nothing else stands on standard output")
    func readyLine() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "config.json",
            #"{ "listen": [{ "host": "127.0.0.1", "port": 0 }, { "host": "127.0.0.1", "port": 0 }], "drain": "0s", \#(room) }"#
        )
        let process = try ChildProcess(Places.program, ["serve", "--config", file.path()])
        var ports: [Int] = []
        for _ in 0..<2 {
            let line = try #require(try await process.line())
            let match = try #require(line.wholeMatch(of: /pushbridge ready: http:\/\/127\.0\.0\.1:(\d+)/))
            ports.append(Int(match.1) ?? 0)
        }
        #expect(Set(ports).count == 2 && !ports.contains(0))
        for port in ports { #expect(try await Curl("http://127.0.0.1:\(port)/").status == 404) }
        process.signal(SIGTERM)
        #expect(try await process.end() == .exited(0))
        #expect(process.output.split(separator: UInt8(ascii: "\n")).count == 2)
    }

    @Test("config.json of the working folder is the default")
    func defaultFile() async throws {
        let folder = try TemporaryFolder()
        try folder.write("config.json", #"{ "listen": [{ "host": "127.0.0.1", "port": 0 }], \#(room) }"#)
        let process = try ChildProcess(Places.program, ["serve"], directory: folder.url)
        #expect(try await process.line()?.hasPrefix("pushbridge ready: ") == true)
        process.signal(SIGTERM)
        #expect(try await process.end() == .exited(0))
    }

    @Test("a port in use ends with 69 and a sentence that names it")
    func portInUse() async throws {
        let upstream = try await LegacyUpstream()
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "config.json",
            #"{ "listen": [{ "host": "127.0.0.1", "port": 0 }, { "host": "127.0.0.1", "port": \#(upstream.port) }], \#(room) }"#
        )
        let run = try await run("serve", "--config", file.path())
        #expect(run.ending == .exited(69))
        #expect(run.errors.contains("127.0.0.1:\(upstream.port)"))
        #expect(run.errors.contains("in use"))
        #expect(!run.output.contains("ready"))
        let demo = try await self.run("demo", "--port", "0", "--legacy-port", "\(upstream.port)")
        #expect(demo.ending == .exited(69))
        #expect(demo.errors.contains("\(upstream.port)"))
    }

    @Test(
        "a wrong configuration ends with 78, and each error has its place in the file",
        arguments: [
            (#"{ "routes": [ }"#, ":1:"),
            (#"{ "rutes": [] }"#, "rutes"),
            (#"{ "routes": [{ "path": "/a", "poll": {} }] }"#, "routes[0].poll.url"),
            (#"{ "routes": [{ "path": "/a", "poll": { "url": "ftp://x/" } }] }"#, "routes[0].poll.url"),
            (#"{ "routes": [{ "path": "/a", "poll": { "url": "http://{h}/" } }] }"#, "routes[0].poll.url"),
            (
                #"{ "routes": [{ "path": "/a", "poll": { "url": "http://x/", "interval": 2 } }] }"#,
                "routes[0].poll.interval"
            ),
            (#"{ "routes": [{ "path": "/a", "channel": { "buffer": "1 MB" } }] }"#, "routes[0].channel.buffer"),
            (#"{ "routes": [{ "path": "/a", "channel": { "rate": "fast" } }] }"#, "routes[0].channel.rate"),
            (#"{ "routes": [{ "path": "/a", "tunnel": { "to": "127.0.0.1:1" } }] }"#, "routes[0].tunnel.to"),
            (#"{ "routes": [{ "path": "/a", "files": { "root": "./none" } }] }"#, "routes[0].files.root"),
            (#"{ "routes": [{ "path": "/a", "channel": {} }, { "path": "/a", "channel": {} }] }"#, "routes[1].path"),
            (#"{ "routes": [{ "path": "/a", "channel": {}, "poll": { "url": "http://x/" } }] }"#, "routes[0]"),
            (#"{ "listen": [{ "host": "127.0.0.1", "port": 99999 }], "routes": [] }"#, "listen[0].port"),
            (#"{ "routes": [{ "path": "/a", "poll": { "url": "http://${NO_SUCH_NAME}/" } }] }"#, "NO_SUCH_NAME"),
            (#"{ "access": { "origins": ["app.example"] }, "routes": [] }"#, "access.origins[0]"),
        ]
    )
    func wrongConfiguration(text: String, place: String) async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("config.json", text)
        for command in ["serve", "check"] {
            let run = try await run(command, "--config", file.path())
            #expect(run.ending == .exited(78))
            #expect(run.errors.contains(file.path()))
            #expect(run.errors.contains(place), "\(run.errors)")
            #expect(run.output.isEmpty)
        }
    }

    @Test("all errors are reported at once, with the nearest known key")
    func allErrors() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "config.json",
            """
            { "limits": { "conections": 5 },
              "keepAlive": { "ping": "soon" },
              "routes": [{ "path": "/a", "poll": { "url": "http://x/", "intervall": "2s" } }] }
            """
        )
        let run = try await run("check", "--config", file.path())
        #expect(run.ending == .exited(78))
        for words in ["limits.conections", "connections", "keepAlive.ping", "routes[0].poll.intervall", "interval"] {
            #expect(run.errors.contains(words), "\(words) in \(run.errors)")
        }
    }

    @Test("a missing file ends with 78 and names the file")
    func missingFile() async throws {
        let run = try await run("serve", "--config", "/no/such/config.json")
        #expect(run.ending == .exited(78))
        #expect(run.errors.contains("/no/such/config.json"))
    }

    @Test("variables of the environment are put in, and comments are no error")
    func environment() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "config.json",
            """
            // the bridge
            { "routes": [{ "path": "/a", "poll": { "url": "http://127.0.0.1:${UPSTREAM_PORT}/x", }, }, ], }
            """
        )
        let run = try await run(
            "check",
            "--connect",
            "--config",
            file.path(),
            environment: ["UPSTREAM_PORT": "\(upstream.port)"]
        )
        #expect(run.ending == .exited(0), "\(run.errors)")
        #expect(upstream.requests.first?.uri == "/x")
    }

    @Test("check says that a file is fine, and connects to nothing")
    func check() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "config.json",
            #"{ "routes": [{ "path": "/a", "poll": { "url": "\#(upstream.url("/"))" } }] }"#
        )
        let run = try await run("check", "--config", file.path())
        #expect(run.ending == .exited(0))
        #expect(run.output.contains("fine"))
        #expect(upstream.requests.isEmpty)
    }

    @Test("check --connect tries every upstream and backend, and fails where one is out of reach")
    func checkConnect() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        let backend = try await TCPBackend(.echo)
        let folder = try TemporaryFolder()
        func check(_ routes: [String]) async throws -> Run {
            let file = try folder.write("config.json", #"{ "routes": [\#(routes.joined(separator: ","))] }"#)
            return try await run("check", "--connect", "--config", file.path())
        }
        let poll = #"{ "path": "/a", "poll": { "url": "\#(upstream.url("/x"))" } }"#
        let good = try await check([poll, tunnelRoute(backend)])
        #expect(good.ending == .exited(0))
        #expect(good.output.contains(upstream.url("/x")))
        #expect(good.output.contains(backend.address))
        #expect(upstream.requests.count == 1)
        try await eventually("the connection to the backend") { backend.connections.count == 1 }

        let closed = "tcp://127.0.0.1:\(try await TCPBackend.closedPort())"
        let bad = try await check([poll, #"{ "path": "/t", "tunnel": { "to": "\#(closed)" } }"#])
        #expect(bad.ending != .exited(0))
        #expect((bad.output + bad.errors).contains(closed))
        upstream.answer(.failure(500))
        #expect(try await check([poll]).ending != .exited(0))
    }

    @Test("check --connect reaches what send, jwks and access.request name, and sends none of them a message")
    func checkConnectBesides() async throws {
        let upstream = try await LegacyUpstream(.json("1"))
        let keys = try await LegacyUpstream(.json(#"{"keys":[]}"#))
        let backend = try await TCPBackend(.silent)
        let closed = try await TCPBackend.closedPort()
        let folder = try TemporaryFolder()
        func check(sendPort: Int, askPort: Int, keys: String) async throws -> Run {
            let file = try folder.write(
                "config.json",
                """
                { "access": { "request": { "url": "http://127.0.0.1:\(askPort)/ask" } },
                  "routes": [
                    { "path": "/a/{x}", "poll": { "url": "\(upstream.url("/x"))",
                      "send": { "url": "http://127.0.0.1:\(sendPort)/say/{x}" } } },
                    { "path": "/b", "channel": {}, "access": { "jwt": { "jwks": "\(keys)" } } } ] }
                """
            )
            return try await run("check", "--connect", "--config", file.path())
        }
        let good = try await check(sendPort: backend.port, askPort: backend.port, keys: keys.url("/keys"))
        #expect(good.ending == .exited(0), "\(good.output)")
        #expect(good.output.contains("/a/{x}  http://127.0.0.1:\(backend.port)/say/{x}  connected"), "\(good.output)")
        #expect(good.output.contains("access  http://127.0.0.1:\(backend.port)/ask  connected"), "\(good.output)")
        #expect(good.output.contains("/b  \(keys.url("/keys"))  200"), "\(good.output)")
        #expect(upstream.requests.map(\.method) == ["GET"] && keys.requests.map(\.method) == ["GET"])
        try await eventually("both connections") { backend.connections.count == 2 }
        #expect(backend.connections.allSatisfy { $0.byteCount == 0 })

        let bad = try await check(sendPort: closed, askPort: closed, keys: "http://127.0.0.1:\(closed)/keys")
        #expect(bad.ending == .exited(78))
        for path in ["/say/{x}", "/ask", "/keys"] {
            let line = bad.output.split(separator: "\n").first { $0.contains(":\(closed)\(path)  ") }
            #expect(line?.contains("connected") == false, "\(bad.output)")
        }
    }
}
