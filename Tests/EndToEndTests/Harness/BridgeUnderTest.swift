import Foundation
import Testing

/// A running `pushbridge`.
final class BridgeUnderTest: Sendable {
    let process: ChildProcess
    let port: Int
    /// Lines before the ready line, such as those of the demo.
    let preamble: [String]
    private let folder: TemporaryFolder?

    private init(process: ChildProcess, port: Int, preamble: [String], folder: TemporaryFolder?) {
        self.process = process
        self.port = port
        self.preamble = preamble
        self.folder = folder
    }

    /// Runs `pushbridge serve` with a configuration of its own.
    ///
    /// - Parameters:
    ///   - routes: the objects of `routes`, as in config.json.
    ///   - settings: other members of the configuration, each with its comma.
    static func serve(_ routes: String, settings: String = "") async throws -> BridgeUnderTest {
        let folder = try TemporaryFolder()
        let drain = settings.contains("\"drain\"") ? "" : #""drain": "100ms","#
        let file = try folder.write(
            "config.json",
            #"{ "listen": [{ "host": "127.0.0.1", "port": 0 }], \#(drain) \#(settings) "routes": [\#(routes)] }"#
        )
        return try await start(["serve", "--config", file.path()], folder: folder)
    }

    /// Runs the program until its ready line.
    static func start(
        _ arguments: [String],
        program: URL = Places.program,
        folder: TemporaryFolder? = nil
    ) async throws -> BridgeUnderTest {
        let process = try ChildProcess(program, arguments)
        var preamble: [String] = []
        while let line = try await process.line() {
            let place = ["http", "https"].lazy.map { "pushbridge ready: \($0)://127.0.0.1:" }
                .first { line.hasPrefix($0) }
            if let place, let port = Int(line.dropFirst(place.count)) {
                return BridgeUnderTest(process: process, port: port, preamble: preamble, folder: folder)
            }
            preamble.append(line)
        }
        throw NotReady(errors: process.errors)
    }

    struct NotReady: Error, CustomStringConvertible {
        let errors: String
        var description: String { "pushbridge ended before it was ready: \(errors)" }
    }

    func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }
    func webSocketURL(_ path: String) -> String { "ws://127.0.0.1:\(port)\(path)" }

    /// The URL of the admin listener, whose ready line is the last. To be called once.
    func admin() async throws -> String {
        let line = try #require(try await process.line())
        let (prefix, suffix) = ("pushbridge ready: ", " (admin)")
        try #require(line.hasPrefix(prefix) && line.hasSuffix(suffix))
        return String(line.dropFirst(prefix.count).dropLast(suffix.count))
    }

    /// Descriptors that the process has open.
    var descriptors: Int {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process.processIdentifier)/fd").count
        }
    }

    /// What a descriptor of the process leads to: files by their path, sockets as `socket:[…]`.
    var openFiles: [String] {
        get throws {
            let folder = "/proc/\(process.processIdentifier)/fd"
            let manager = FileManager.default
            return try manager.contentsOfDirectory(atPath: folder).compactMap {
                // Some have been closed meanwhile.
                try? manager.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")
            }
        }
    }

    /// A member of `/proc/PID/status` in bytes, such as `VmRSS`.
    func memory(_ name: String) throws -> Int { try status(name) * 1024 }

    /// A member of `/proc/PID/status` as it stands there, such as `Threads`.
    func status(_ name: String) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix(name + ":") })
        return try #require(line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) })
    }

    /// Makes `VmHWM`, the most memory that was ever used, count from now.
    func resetMemoryPeak() throws {
        let file = try FileHandle(forWritingTo: URL(filePath: "/proc/\(process.processIdentifier)/clear_refs"))
        try file.write(contentsOf: Data("5".utf8))
        try file.close()
    }

    /// Asks it to end, and checks that it does so in good order.
    func stop() async throws {
        process.signal(SIGTERM)
        let ending = try await process.end()
        #expect(ending == .exited(0), "pushbridge ended badly: \(process.errors.suffix(4000))")
        // Written by the sanitizers and by a trap of the Swift runtime.
        for words in ["Fatal error", "Sanitizer", "Thread 1 crashed"] { #expect(!process.errors.contains(words)) }
    }
}

/// Runs a bridge for the time of `body`; it must end in good order afterwards.
func withBridge(
    _ routes: String,
    settings: String = "",
    isolation: isolated (any Actor)? = #isolation,
    _ body: (BridgeUnderTest) async throws -> Void
) async throws {
    try await within(Turnstile.bridges, isolation: isolation) {
        let bridge = try await BridgeUnderTest.serve(routes, settings: settings)
        try await body(bridge)
        try await bridge.stop()
    }
}

/// Runs `body` with a place of the turnstile.
func within(
    _ turnstile: Turnstile,
    isolation: isolated (any Actor)? = #isolation,
    _ body: () async throws -> Void
) async throws {
    await turnstile.enter()
    do {
        try await body()
    } catch {
        await turnstile.leave()
        throw error
    }
    await turnstile.leave()
}
