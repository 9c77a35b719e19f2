import Foundation
import Testing

/// A bridge whose first listener has TLS and so HTTP/2, with the certificate that clients need.
struct SecureBridge {
    let bridge: BridgeUnderTest
    let folder: TemporaryFolder

    /// - Parameters:
    ///   - listener: other members of the listener, each with a comma before it.
    ///   - settings: other members of the configuration, each with its comma.
    static func run(
        _ routes: String,
        folder: TemporaryFolder? = nil,
        listener: String = "",
        settings: String = "",
        isolation: isolated (any Actor)? = #isolation,
        _ body: (SecureBridge) async throws -> Void
    ) async throws {
        let folder = if let folder { folder } else { try await TemporaryFolder.withCertificate() }
        let drain = settings.contains("\"drain\"") ? "" : #""drain": "100ms","#
        let file = try folder.write(
            "config.json",
            """
            { "listen": [{ "host": "127.0.0.1", "port": 0,
                           "tls": { "certificate": "cert.pem", "key": "key.pem" } \(listener) }],
              \(drain) \(settings) "routes": [\(routes)] }
            """
        )
        try await within(Turnstile.bridges, isolation: isolation) {
            let bridge = try await BridgeUnderTest.start(["serve", "--config", file.path()], folder: folder)
            try await body(SecureBridge(bridge: bridge, folder: folder))
            if bridge.process.ending == nil { try await bridge.stop() }
        }
    }

    func url(_ path: String) -> String { "https://127.0.0.1:\(bridge.port)\(path)" }

    var authorities: [String] { ["--cacert", folder.file("cert.pem")] }

    func curl(_ path: String, _ arguments: String...) async throws -> Curl {
        try await Curl(url(path), arguments: authorities + arguments)
    }

    /// Starts a scene of `http2.py`.
    func scene(_ name: String, _ more: String...) throws -> ChildProcess {
        let script = Places.scripts.appending(path: "http2.py").path()
        return try ChildProcess(
            try Places.python(),
            [script, name, String(bridge.port), folder.file("cert.pem")] + more
        )
    }

    /// Plays a scene to its end.
    func play(_ name: String, _ more: String..., within limit: Duration = .seconds(120)) async throws {
        let script = Places.scripts.appending(path: "http2.py").path()
        let run = try await Run(
            try Places.python(),
            [script, name, String(bridge.port), folder.file("cert.pem")] + more,
            within: limit
        )
        #expect(run.ending == .exited(0), "\(name): \(run.errors)\n\(bridge.process.errors.suffix(2000))")
    }
}
