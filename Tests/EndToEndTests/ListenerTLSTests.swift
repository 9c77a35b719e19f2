import Foundation
import Testing

@Suite("TLS on a listener")
struct ListenerTLSTests {
    private static let routes = #"{ "path": "/rooms/{room}", "channel": { "echo": true } }"#

    private func certificates() async throws -> TemporaryFolder { try await .withCertificate() }

    private func withBridge(
        _ folder: TemporaryFolder,
        tls more: String = "",
        _ body: (BridgeUnderTest) async throws -> Void
    ) async throws {
        let file = try folder.write(
            "config.json",
            """
            { "listen": [{ "host": "127.0.0.1", "port": 0,
                           "tls": { "certificate": "cert.pem", "key": "key.pem" \(more) } }],
              "drain": "100ms", "routes": [\(Self.routes)] }
            """
        )
        try await within(Turnstile.bridges) {
            let bridge = try await BridgeUnderTest.start(["serve", "--config", file.path()], folder: folder)
            try await body(bridge)
            try await bridge.stop()
        }
    }

    @Test("the ready line says https, and curl verifies the certificate")
    func curl() async throws {
        let folder = try await certificates()
        try await withBridge(folder) { bridge in
            let answer = try await Curl(
                "https://127.0.0.1:\(bridge.port)/none",
                "--cacert",
                folder.file("cert.pem")
            )
            #expect(answer.status == 404)
        }
    }

    @Test("messages of every length come back over wss")
    func webSocket() async throws {
        let folder = try await certificates()
        try await withBridge(folder) { bridge in
            let run = try await Run(
                try Places.python(),
                [
                    Places.scripts.appending(path: "secure_echo.py").path(), "wss://127.0.0.1:\(bridge.port)/rooms/a",
                    folder.file("cert.pem"),
                ]
            )
            #expect(run.ending == .exited(0), "\(run.errors)")
            #expect(run.output == "all came back\n")
        }
    }

    @Test("a certificate is renewed by SIGHUP for newcomers, while who is connected stays so")
    func renewal() async throws {
        let folder = try await certificates()
        let new = try await certificates()
        try await withBridge(folder) { bridge in
            let run = try await Run(
                try Places.python(),
                [
                    Places.scripts.appending(path: "renewed_certificate.py").path(),
                    "wss://127.0.0.1:\(bridge.port)/rooms/a", String(bridge.process.processIdentifier),
                ] + [folder, new].flatMap { [$0.file("cert.pem"), $0.file("key.pem")] }
            )
            #expect(run.ending == .exited(0), "\(run.errors)")
            #expect(run.output == "renewed\n")
        }
    }

    @Test("a client that speaks plain HTTP is told in plain HTTP what to do")
    func plainHTTP() async throws {
        try await withBridge(try await certificates()) { bridge in
            let answer = try await Curl(bridge.url("/rooms/a"))
            #expect(answer.status == 400)
            #expect(answer.text.contains("use https:// or wss://"))
        }
    }

    @Test("TLS 1.1 is refused, 1.2 and 1.3 are taken with http/1.1 as protocol", arguments: ["1_1", "1_2", "1_3"])
    func versions(version: String) async throws {
        try await withBridge(try await certificates()) { bridge in
            let client = try ChildProcess(
                URL(filePath: "/usr/bin/openssl"),
                [
                    "s_client", "-connect", "127.0.0.1:\(bridge.port)", "-tls\(version)", "-alpn", "http/1.1",
                    "-cipher", "DEFAULT@SECLEVEL=0",
                ]
            )
            try client.closeInput()
            try await client.end()
            let isTaken = String(decoding: client.output, as: UTF8.self).contains("ALPN protocol: http/1.1")
            #expect(isTaken == (version != "1_1"))
        }
    }

    @Test("with clientCA a client needs a certificate that it signed", arguments: ["required", "optional"])
    func clientCertificates(choice: String) async throws {
        let folder = try await certificates()
        let more = #", "clientCA": "cert.pem", "clientCertificate": "\#(choice)""#
        try await withBridge(folder, tls: more) { bridge in
            let url = "https://127.0.0.1:\(bridge.port)/none"
            let trust = ["--cacert", folder.file("cert.pem")]
            let known = try await Curl(
                url,
                arguments: trust + ["--cert", folder.file("cert.pem"), "--key", folder.file("key.pem")]
            )
            #expect(known.status == 404)
            let stranger = try? await Curl(url, arguments: trust)
            #expect(stranger?.status == (choice == "optional" ? 404 : nil))
            let impostor = try await certificates()
            let wrong = try? await Curl(
                url,
                arguments: trust + ["--cert", impostor.file("cert.pem"), "--key", impostor.file("key.pem")]
            )
            #expect(wrong == nil)
        }
    }

    @Test(
        "files that are no certificate or the wrong key end with 78 and say which",
        arguments: [
            ("cert.pem", "listen[0].tls.certificate: ", "holds no certificate"),
            ("key.pem", "listen[0].tls.key: ", "is no private key"),
        ]
    )
    func wrongFiles(name: String, place: String, words: String) async throws {
        let folder = try await certificates()
        try folder.write(name, "not PEM")
        for command in ["serve", "check"] {
            let run = try await wrongRun(command, folder)
            #expect(run.ending == .exited(78))
            #expect(run.errors.contains(place) && run.errors.contains(name) && run.errors.contains(words))
        }
    }

    @Test("the key of another certificate is refused")
    func wrongKey() async throws {
        let folder = try await certificates()
        let other = try await certificates()
        try folder.write("key.pem", String(contentsOfFile: other.file("key.pem"), encoding: .utf8))
        let run = try await wrongRun("check", folder)
        #expect(run.ending == .exited(78))
        #expect(run.errors.contains("does not belong to the certificate"))
    }

    @Test("a reload in which one listener's certificate is wrong changes that of no other")
    func reloadOfSeveral() async throws {
        let (folder, old, new) = (try await certificates(), try await certificates(), try await certificates())
        let files = ["cert.pem", "key.pem"]
        // The second listener has files of its own.
        for name in files { try folder.write("second-" + name, old.read(name)) }
        let authority = try folder.write("old.pem", folder.read("cert.pem")).path()
        let file = try folder.write(
            "config.json",
            """
            { "listen": [
                { "host": "127.0.0.1", "port": 0, "tls": { "certificate": "cert.pem", "key": "key.pem" } },
                { "host": "127.0.0.1", "port": 0,
                  "tls": { "certificate": "second-cert.pem", "key": "second-key.pem" } }],
              "admin": { "host": "127.0.0.1", "port": 0 }, "drain": "100ms", "routes": [\(Self.routes)] }
            """
        )
        try await within(Turnstile.bridges) {
            let bridge = try await BridgeUnderTest.start(["serve", "--config", file.path()], folder: folder)
            _ = try await bridge.process.line()
            let admin = try await bridge.admin()
            for name in files { try folder.write(name, new.read(name)) }
            try folder.write("second-cert.pem", "not PEM")
            let refused = try await Curl(admin + "/reload", "-X", "POST")
            #expect(refused.status == 422 && refused.text.contains("holds no certificate"))
            let url = "https://127.0.0.1:\(bridge.port)/none"
            let before = try await Curl(url, "--cacert", authority)
            #expect(before.status == 404)
            try folder.write("second-cert.pem", old.read("cert.pem"))
            let done = try await Curl(admin + "/reload", "-X", "POST")
            #expect(done.status == 200)
            let after = try await Curl(url, "--cacert", new.file("cert.pem"))
            #expect(after.status == 404)
            try await bridge.stop()
        }
    }

    @Test("a reload gives a listener TLS and takes it away again; its port and its connections stay")
    func reloadOfSecurity() async throws {
        let folder = try await certificates()
        let tls = #", "tls": { "certificate": "cert.pem", "key": "key.pem" }"#
        func write(_ tls: String) throws -> URL {
            try folder.write(
                "config.json",
                """
                { "listen": [{ "port": 0 \(tls) }], "admin": { "port": 0 }, "drain": "100ms", "routes": [\(Self.routes)] }
                """
            )
        }
        try await within(Turnstile.bridges) {
            let file = try write("")
            let bridge = try await BridgeUnderTest.start(["serve", "--config", file.path()], folder: folder)
            let admin = try await bridge.admin()
            let client = try await bridge.webSocket("/rooms/a")
            for (text, scheme) in [(tls, "https"), ("", "http"), (tls, "https")] {
                _ = try write(text)
                #expect(try await Curl(admin + "/reload", "-X", "POST").status == 200)
                let url = "\(scheme)://127.0.0.1:\(bridge.port)/none"
                #expect(try await Curl(url, "--cacert", folder.file("cert.pem")).status == 404)
            }
            try client.send("still here")
            #expect(try await client.text() == "still here")
            try await bridge.stop()
        }
    }

    private func wrongRun(_ command: String, _ folder: TemporaryFolder) async throws -> Run {
        let file = try folder.write(
            "config.json",
            """
            { "listen": [{ "port": 0, "tls": { "certificate": "cert.pem", "key": "key.pem" } }],
              "routes": [\(Self.routes)] }
            """
        )
        return try await Run(Places.program, [command, "--config", file.path()])
    }
}

extension TemporaryFolder {

    fileprivate func read(_ name: String) throws -> String { try String(contentsOfFile: file(name), encoding: .utf8) }
}
