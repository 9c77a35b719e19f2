import Foundation

/// What `curl` was answered.
struct Curl: Sendable {
    /// `HTTP/1.1` or `HTTP/2`.
    let version: String
    let status: Int
    /// Names in lower case; values of a repeated name in order.
    let headers: [String: [String]]
    let body: Data

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The first value of a header.
    subscript(name: String) -> String? { headers[name.lowercased()]?.first }

    func json() throws -> JSON { try JSONDecoder().decode(JSON.self, from: body) }

    static let program = URL(filePath: "/usr/bin/curl")

    /// - Parameter arguments: options of curl.
    @discardableResult
    init(_ url: String, _ arguments: String..., within limit: Duration = patience) async throws {
        try await self.init(url, arguments: arguments, within: limit)
    }

    init(_ url: String, arguments: [String], within limit: Duration = patience) async throws {
        let process = try ChildProcess(
            Self.program,
            ["-sS", "-i", "--noproxy", "*", "--path-as-is"] + arguments + [url]
        )
        let ending = try await process.end(within: limit)
        guard ending == .exited(0) else { throw Failure(ending: ending, errors: process.errors) }
        try self.init(answer: process.output)
    }

    /// Takes a whole answer apart, whose body goes to its end.
    init(answer: Data) throws {
        guard let end = answer.firstRange(of: Data("\r\n\r\n".utf8)) else { throw NoAnswer(bytes: answer) }
        var lines = String(decoding: answer[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines.removeFirst().split(separator: " ")
        guard words.count >= 2, ["HTTP/1.0", "HTTP/1.1", "HTTP/2"].contains(words[0]), let status = Int(words[1]) else {
            throw NoAnswer(bytes: answer)
        }
        version = String(words[0])
        self.status = status
        var headers: [String: [String]] = [:]
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { throw NoAnswer(bytes: answer) }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            headers[line[..<colon].lowercased(), default: []].append(value)
        }
        self.headers = headers
        body = Data(answer[end.upperBound...])
    }

    struct Failure: Error {
        let ending: ChildProcess.Ending
        let errors: String
    }

    struct NoAnswer: Error, CustomStringConvertible {
        let bytes: Data
        var description: String { "no HTTP answer: \(String(decoding: bytes.prefix(500), as: UTF8.self))" }
    }
}

/// A stream of server-sent events that `curl` reads.
final class EventStream: Sendable {
    struct Event: Sendable, Equatable {
        var name: String?
        var id: String?
        var data: String
    }

    private let process: ChildProcess

    /// Returns with the head of the answer.
    static func open(_ url: String, _ arguments: String...) async throws -> (EventStream, head: Curl) {
        let process = try ChildProcess(
            Curl.program,
            ["-sS", "-N", "-i", "--noproxy", "*", "-H", "Accept: text/event-stream"] + arguments + [url]
        )
        var head = ""
        while let line = try await process.line(), line != "\r" { head += line + "\n" }
        return (EventStream(process: process), try Curl(answer: Data((head + "\r\n").utf8)))
    }

    private init(process: ChildProcess) {
        self.process = process
    }

    /// The next event with data, taken apart as WHATWG HTML section 9.2.6 has it; nil at the end of the stream.
    func next(within limit: Duration = patience) async throws -> Event? {
        var event = Event(data: "")
        var data: [String] = []
        while let line = try await process.line(within: limit) {
            if line.isEmpty {
                guard !data.isEmpty else { continue }
                event.data = data.joined(separator: "\n")
                return event
            }
            guard !line.hasPrefix(":") else { continue }
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count > 1 ? String(parts[1].hasPrefix(" ") ? parts[1].dropFirst() : parts[1]) : ""
            switch parts[0] {
            case "event": event.name = value
            case "id": event.id = value
            case "data": data.append(value)
            default: break
            }
        }
        return nil
    }

    /// All that was received so far, head included.
    var received: String { String(decoding: process.output, as: UTF8.self) }

    func close() { process.signal(SIGKILL) }

    /// How curl ended.
    func end() async throws -> ChildProcess.Ending { try await process.end() }
}
