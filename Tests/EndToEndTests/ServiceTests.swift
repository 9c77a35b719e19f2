import Foundation
import Testing

@Suite("As a service of systemd")
struct ServiceTests {
    /// `pushbridge serve`, started as a service manager starts it, with a socket named "public".
    private struct Service {
        let manager: ChildProcess
        /// Of the socket.
        let port: Int

        init(listen: String) async throws {
            let configuration = """
                { "listen": [\(listen)], "drain": "0s",
                  "routes": [{ "path": "/rooms/{room}", "channel": { "echo": true } }] }
                """
            manager = try ChildProcess(
                try Places.python(),
                [Places.scripts.appending(path: "service_manager.py").path(), Places.program.path(), configuration]
            )
            let line = try #require(try await manager.line())
            port = try #require(Int(line.dropFirst("port ".count)))
        }

        /// The next line that is no sign of life; nil at the end.
        func news() async throws -> String? {
            while let line = try await manager.line() {
                if line != "notify WATCHDOG=1" { return line }
            }
            return nil
        }

        func signsOfLife(_ count: Int) async throws {
            for _ in 0..<count {
                while let line = try await manager.line(), line != "notify WATCHDOG=1" {}
            }
        }
    }

    @Test(
        "a socket that systemd passes is listened on, by its address or by its name",
        arguments: [
            #"{ "port": PORT }"#, #"{ "host": "localhost", "port": PORT }"#, #"{ "socket": "public" }"#,
        ]
    )
    func socketActivation(listen: String) async throws {
        try await within(Turnstile.bridges) {
            let service = try await Service(listen: listen)
            #expect(try await service.news() == "pushbridge ready: http://127.0.0.1:\(service.port)")
            #expect(try await service.news() == "notify READY=1|STATUS=serving")
            #expect(try await Curl("http://127.0.0.1:\(service.port)/none").status == 404)
            #expect(!service.manager.errors.contains("not used"), "\(service.manager.errors)")
            try service.manager.write(line: "stop")
            #expect(try await service.news()?.hasPrefix("notify STOPPING=1|STATUS=closing") == true)
            #expect(try await service.news() == "exit 0")
        }
    }

    @Test("a socket that no entry of listen names is reported, and one that was not passed ends the start")
    func wrongSockets() async throws {
        try await within(Turnstile.bridges) {
            let unused = try await Service(listen: #"{ "port": 0 }"#)
            #expect(try await unused.news()?.hasPrefix("pushbridge ready: http://127.0.0.1:") == true)
            try await unused.manager.says("127.0.0.1:\(unused.port)", "is not used")
            try unused.manager.write(line: "stop")
            while try await unused.news() != nil {}
            let missing = try await Service(listen: #"{ "socket": "private" }"#)
            try missing.manager.closeInput()
            #expect(try await missing.news() == "exit 78")
            try await missing.manager.says("listen[0].socket", #"only "public""#)
        }
    }

    @Test("a reload is announced and its end told, whether or not the file is right; sockets stay")
    func reload() async throws {
        try await within(Turnstile.bridges) {
            let service = try await Service(listen: #"{ "socket": "public" }"#)
            while try await service.news() != "notify READY=1|STATUS=serving" {}
            let words = [("reload", "configuration reloaded"), ("spoil", "reload refused, nothing has changed")]
            for (word, status) in words {
                try service.manager.write(line: word)
                if word == "spoil" { try service.manager.write(line: "reload") }
                let announced = try #require(try await service.news())
                #expect(announced.contains(/^notify RELOADING=1\|MONOTONIC_USEC=[0-9]+\|STATUS=/), "\(announced)")
                let ended = try #require(try await service.news())
                #expect(ended.hasPrefix("notify READY=1|STATUS=serving; \(status)"), "\(ended)")
                #expect(try await Curl("http://127.0.0.1:\(service.port)/none").status == 404)
            }
            try service.manager.write(line: "stop")
            while try await service.news() != nil {}
        }
    }

    @Test("the watchdog is told of life again and again")
    func watchdog() async throws {
        try await within(Turnstile.bridges) {
            let service = try await Service(listen: #"{ "socket": "public" }"#)
            try await service.signsOfLife(4)
            try service.manager.write(line: "stop")
            while try await service.news() != nil {}
        }
    }
}
