import Foundation

/// One HTTP request over a connection of its own, with the answer taken apart by hand.
struct HTTPExchange {
    let status: Int
    let headers: [String: String]
    let body: Data

    init(
        port: Int,
        method: String = "GET",
        _ target: String,
        headers: [String: String] = [:],
        content: String? = nil
    ) async throws {
        let connection = try await RawConnection.open(port: port)
        var request = "\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        for (name, value) in headers { request += "\(name): \(value)\r\n" }
        if let content { request += "Content-Length: \(content.utf8.count)\r\n" }
        try await connection.send(request + "\r\n" + (content ?? ""))
        let answer = Data(try await connection.waitForEnd().readableBytesView)
        await connection.close()
        guard let end = answer.range(of: Data("\r\n\r\n".utf8)) else { throw Malformed(answer: answer) }
        var lines = String(decoding: answer[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines.removeFirst().split(separator: " ")
        guard words.count >= 2, let status = Int(words[1]) else { throw Malformed(answer: answer) }
        self.status = status
        self.headers = Dictionary(
            lines.compactMap { line in
                line.firstIndex(of: ":").map { colon in
                    let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
                    return (line[..<colon].lowercased(), value)
                }
            },
            uniquingKeysWith: { $0 + ", " + $1 }
        )
        body = Data(answer[end.upperBound...])
    }

    func decoded<Value: Decodable>(as type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: body)
    }

    struct Malformed: Error {
        let answer: Data
    }
}
