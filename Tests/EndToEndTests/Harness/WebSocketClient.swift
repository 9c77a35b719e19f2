import Foundation
import Synchronization

/// A client that Python's `websockets` is: `client.py` tells what it receives and does what it is told, line by line.
final class WebSocketClient: Sendable {
    enum Message: Sendable, Equatable {
        case text(String)
        case binary(Data)
        case closed(code: Int, reason: String)
    }

    /// The handshake was answered with something else than 101.
    struct Refused: Error, CustomStringConvertible {
        let status: Int
        let headers: JSON
        let body: String
        var description: String { "the upgrade was refused with \(status): \(body)" }
    }

    private let process: ChildProcess
    /// The subprotocol that the bridge chose.
    let subprotocol: String?
    /// The `Sec-WebSocket-Extensions` of the answer.
    let extensions: String?

    static func open(
        _ url: String,
        subprotocols: [String] = [],
        origin: String? = nil,
        headers: [String] = [],
        compression: Bool = true
    ) async throws -> WebSocketClient {
        var arguments = [Places.scripts.appending(path: "client.py").path(), url]
        for subprotocol in subprotocols { arguments += ["--subprotocol", subprotocol] }
        for header in headers { arguments += ["--header", header] }
        if let origin { arguments += ["--origin", origin] }
        if !compression { arguments.append("--no-compression") }
        let process = try ChildProcess(try Places.python(), arguments)
        let first = try await event(of: process)
        switch first["event"] {
        case "open":
            return WebSocketClient(
                process: process,
                subprotocol: first["subprotocol"]?.text,
                extensions: first["extensions"]?.text
            )
        case "refused":
            throw Refused(
                status: Int(first["status"]?.double ?? 0),
                headers: first["headers"] ?? .null,
                body: first["body"]?.text ?? ""
            )
        default:
            throw Unexpected(what: "\(first)")
        }
    }

    private init(process: ChildProcess, subprotocol: String?, extensions: String?) {
        self.process = process
        self.subprotocol = subprotocol
        self.extensions = extensions
    }

    struct Unexpected: Error, CustomStringConvertible {
        let what: String
        var description: String { "unexpected: \(what)" }
    }

    private static func event(of process: ChildProcess, within limit: Duration = patience) async throws -> JSON {
        guard let line = try await process.line(within: limit) else { throw Unexpected(what: process.errors) }
        return try JSON(line)
    }

    /// The next message, or the end.
    func next(within limit: Duration = patience) async throws -> Message {
        let event = try await Self.event(of: process, within: limit)
        switch event["event"] {
        case "text": return .text(event["text"]?.text ?? "")
        case "binary": return .binary(Data(base64Encoded: event["base64"]?.text ?? "") ?? Data())
        case "closed":
            return .closed(code: Int(event["code"]?.double ?? 0), reason: event["reason"]?.text ?? "")
        default: throw Unexpected(what: "\(event)")
        }
    }

    /// The next message, which must be text.
    func text(within limit: Duration = patience) async throws -> String {
        let message = try await next(within: limit)
        guard case .text(let text) = message else { throw Unexpected(what: "\(message)") }
        return text
    }

    /// The next message, which must be JSON text.
    func json(within limit: Duration = patience) async throws -> JSON {
        try JSON(try await text(within: limit))
    }

    /// The close code; messages before it are thrown away.
    func closeCode(within limit: Duration = patience) async throws -> Int {
        while true {
            if case .closed(let code, _) = try await next(within: limit) { return code }
        }
    }

    func send(_ text: String) throws { try tell(["text": text]) }
    func send(_ bytes: Data) throws { try tell(["binary": bytes.base64EncodedString()]) }
    func close(code: Int = 1000) throws { try tell(["close": String(code)]) }
    /// Stops to read from the socket.
    func pause() throws { try tell(["pause": ""]) }
    func resume() throws { try tell(["resume": ""]) }
    /// Breaks the connection without a word.
    func abort() { process.signal(SIGKILL) }

    private func tell(_ command: [String: String]) throws {
        try process.write(line: String(decoding: try JSONEncoder().encode(command), as: UTF8.self))
    }
}

extension BridgeUnderTest {
    /// A `pushbridge.v1` client.
    func version1(_ path: String, headers: [String] = []) async throws -> WebSocketClient {
        try await .open(webSocketURL(path), subprotocols: ["pushbridge.v1"], headers: headers)
    }

    func webSocket(_ path: String, headers: [String] = []) async throws -> WebSocketClient {
        try await .open(webSocketURL(path), headers: headers)
    }
}

/// A script that does a whole test's work and says by its exit code how it went.
struct Script {
    let output: String

    @discardableResult
    init(_ name: String, _ arguments: [String], within limit: Duration = .seconds(120)) async throws {
        let run = try await Run(
            try Places.python(),
            [Places.scripts.appending(path: name).path()] + arguments,
            within: limit
        )
        guard run.ending == .exited(0) else { throw Failure(text: run.output + run.errors) }
        output = run.output
    }

    struct Failure: Error, CustomStringConvertible {
        let text: String
        var description: String { text }
    }
}
