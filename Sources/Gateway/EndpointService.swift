import Foundation
import NIOCore
import NIOHTTP1

/// A path of the admin listener: one method, answered by a function.
package struct EndpointService: Sendable {
    struct Answer: Sendable {
        var status = HTTPResponseStatus.ok
        var contentType = "text/plain; charset=utf-8"
        var headers: HTTPHeaders = [:]
        var body: ByteBuffer

        static func json(
            _ value: some Encodable,
            status: HTTPResponseStatus = .ok,
            contentType: String = "application/json"
        ) throws -> Answer {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return Answer(
                status: status,
                contentType: contentType,
                body: ByteBuffer(bytes: try encoder.encode(value) + Data("\n".utf8))
            )
        }
    }

    private let method: HTTPMethod
    private let run: @Sendable (RequestTarget) async throws -> Answer

    /// - Parameters:
    ///   - method: `GET` answers `HEAD` too.
    ///   - run: called off the event loops; it may throw ``Problem``.
    init(_ method: HTTPMethod = .GET, run: @escaping @Sendable (RequestTarget) async throws -> Answer) {
        self.method = method
        self.run = run
    }

    func answer(_ exchange: HTTPExchange) throws(Problem) {
        guard exchange.head.method == method || (method == .GET && exchange.isHead) else {
            throw .methodNotAllowed(allow: method == .GET ? "GET, HEAD" : method.rawValue)
        }
        // Any page can make its visitors' browsers post a form here; the browser says which page it was.
        if method != .GET { try exchange.checkOrigin() }
        let bound = NIOLoopBound(exchange, eventLoop: exchange.loop.loop)
        let (target, loop) = (exchange.target, exchange.loop.loop)
        Task {
            let result = await result(target)
            loop.execute {
                switch result {
                case .success(let answer):
                    var headers = answer.headers
                    headers.add(name: "Content-Type", value: answer.contentType)
                    if !headers.contains(name: "Cache-Control") {
                        headers.add(name: "Cache-Control", value: "no-store")
                    }
                    bound.value.respond(answer.status, headers: headers, body: answer.body)
                case .failure(let problem):
                    bound.value.fail(problem)
                }
            }
        }
    }

    private func result(_ target: RequestTarget) async -> Result<Answer, Problem> {
        do {
            return .success(try await run(target))
        } catch let problem as Problem {
            return .failure(problem)
        } catch {
            return .failure(Problem(status: .internalServerError, detail: "\(error)"))
        }
    }
}
