import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1

/// A folder of static pages, served by Hummingbird's file middleware: media types, validators and ranges are its work.
package struct FilesService: Sendable {
    private let prefix: [String]
    private let index: String
    private let serve: @Sendable (Request, FileRequestContext) async throws -> Response
    private let mayServe: @Sendable (_ path: String) -> Bool

    /// A folder.
    ///
    /// - Parameters:
    ///   - root: an absolute path.
    ///   - prefix: the segments of the route's path, which are not part of the file's.
    ///   - index: the file that stands for a folder.
    package init(root: String, prefix: [String], index: String, logger: Logger) {
        let resolved = URL(fileURLWithPath: root).resolvingSymlinksInPath().path
        let folder = resolved.hasSuffix("/") ? resolved : resolved + "/"
        self.init(prefix: prefix, index: index, FileMiddleware(root, logger: logger)) { path in
            // A link inside the folder may lead to a place inside, and nowhere else.
            URL(fileURLWithPath: root + path).resolvingSymlinksInPath().path.hasPrefix(folder)
        }
    }

    /// Files that are part of the program, by their path without a leading slash.
    package init(embedded files: [String: [UInt8]], prefix: [String] = [], index: String = "index.html") {
        self.init(prefix: prefix, index: index, FileMiddleware(fileProvider: EmbeddedFiles(files))) { _ in true }
    }

    private init<Provider: FileProvider>(
        prefix: [String],
        index: String,
        _ files: FileMiddleware<FileRequestContext, Provider>,
        mayServe: @escaping @Sendable (_ path: String) -> Bool
    ) where Provider.FileAttributes: FileMiddlewareFileAttributes {
        self.prefix = prefix
        self.index = index
        self.mayServe = mayServe
        serve = { request, context in
            try await files.handle(request, context: context) { _, _ in throw HTTPError(.notFound) }
        }
    }

    func answer(_ exchange: HTTPExchange) throws(Problem) {
        guard exchange.head.method == .GET || exchange.head.method == .HEAD else {
            throw .methodNotAllowed(allow: "GET, HEAD")
        }
        var segments = exchange.target.segments.dropFirst(prefix.count)
        // A hidden file is nobody's business (`.git`, `.env`), and `..` leads out of the folder, however it was
        // encoded: the segments are decoded by now.
        guard !segments.contains(where: { $0.hasPrefix(".") || $0.contains("/") || $0.contains("\0") }) else {
            throw .notFound
        }
        if exchange.target.segments.count == prefix.count, !prefix.isEmpty {
            exchange.respond(.permanentRedirect, headers: ["Location": exchange.target.rawPath + "/"])
            return
        }
        if segments.isEmpty || segments.last == "" {
            segments = segments.dropLast() + [index]
        }
        let path = "/" + segments.joined(separator: "/")
        let head = HTTPRequest(
            method: exchange.isHead ? .head : .get,
            scheme: nil,
            authority: nil,
            path: "/" + segments.map(\.percentEncoded).joined(separator: "/"),
            headerFields: Self.fields(exchange.head.headers)
        )
        let connection = NIOLoopBound(exchange, eventLoop: exchange.loop.loop)
        let logger = exchange.loop.logger
        let loop = exchange.loop.loop
        let location = exchange.target.rawPath + "/"
        Task {
            let context = FileRequestContext(source: FileRequestSource(logger: logger))
            do {
                guard mayServe(path) else { throw HTTPError(.notFound) }
                let head = try await resolveRange(of: head, context)
                let response = try await serve(Self.request(head), context)
                try await Self.write(response, to: connection, on: loop, folderLocation: location)
            } catch {
                let status = (error as? any HTTPResponseError)?.status ?? .internalServerError
                let contentRange = (error as? HTTPError)?.headers[.contentRange]
                let problem = Problem(
                    status: HTTPResponseStatus(statusCode: status.code),
                    detail: status == .notFound ? "there is no such file" : "the file cannot be served",
                    headers: contentRange.map { ["Content-Range": $0] } ?? [:]
                )
                loop.execute { connection.value.fail(problem) }
            }
        }
    }

    private static func request(_ head: HTTPRequest) -> Request {
        Request(head: head, body: RequestBody(buffer: ByteBuffer()))
    }

    /// The middleware takes a range at its word; this replaces it by the bytes that the file has, and takes it out where it
    /// has no meaning: for HEAD (RFC 9110 section 14.2), and where `If-Range` names another version than there is now.
    ///
    /// - Throws: `HTTPError` with 416 where it has none of them.
    private func resolveRange(of head: HTTPRequest, _ context: FileRequestContext) async throws -> HTTPRequest {
        guard let field = head.headerFields[.range] else { return head }
        var resolved = head
        resolved.headerFields[.range] = nil
        guard head.method == .get, let range = ByteRange(field) else { return resolved }
        var probe = resolved
        probe.method = .head
        let answer = try await serve(Self.request(probe), context)
        guard answer.status == .ok, let size = answer.headers[.contentLength].flatMap({ Int($0) }) else {
            return resolved
        }
        if let version = head.headerFields[.ifRange], version != answer.headers[.eTag],
            version != answer.headers[.lastModified]
        {
            return resolved
        }
        guard let bytes = range.resolved(size: size) else {
            throw HTTPError(.rangeNotSatisfiable, headers: [.contentRange: "bytes */\(size)"], message: nil)
        }
        resolved.headerFields[.range] = "bytes=\(bytes.lowerBound)-\(bytes.upperBound)"
        return resolved
    }

    private static func write(
        _ response: Response,
        to exchange: NIOLoopBound<HTTPExchange>,
        on loop: any EventLoop,
        folderLocation: String
    ) async throws {
        var headers = HTTPHeaders()
        for field in response.headers { headers.add(name: field.name.rawName, value: field.value) }
        // The middleware knows the path only below the route's own.
        if headers.contains(name: "Location") { headers.replaceOrAdd(name: "Location", value: folderLocation) }
        if let type = headers.first(name: "Content-Type"), type.hasPrefix("text/"), !type.contains("charset") {
            headers.replaceOrAdd(name: "Content-Type", value: type + "; charset=utf-8")
        }
        headers.replaceOrAdd(name: "Cache-Control", value: "no-cache")
        headers.replaceOrAdd(name: "X-Content-Type-Options", value: "nosniff")
        let status = HTTPResponseStatus(statusCode: response.status.code)
        let answerHeaders = headers
        let length = headers.first(name: "Content-Length").flatMap { Int($0) } ?? 0
        let hasBody = try await loop.submit {
            let exchange = exchange.value
            guard !exchange.isHead, status != .notModified, length > 0 else {
                exchange.respond(status, headers: answerHeaders)
                return false
            }
            exchange.beginBody(status, headers: answerHeaders)
            return true
        }.get()
        guard hasBody else { return }
        do {
            try await response.body.write(FileBodyWriter(exchange: exchange, loop: loop, remaining: length))
        } catch {
            // The head has gone out: only the end of the connection tells the client that the rest is missing.
            loop.execute { exchange.value.connection.channel?.close(promise: nil) }
        }
    }

    private static func fields(_ headers: HTTPHeaders) -> HTTPFields {
        var fields = HTTPFields()
        for name in ["If-None-Match", "If-Modified-Since", "Range", "If-Range"] {
            guard let field = HTTPField.Name(name) else { continue }
            for value in headers[name] { fields.append(HTTPField(name: field, value: value)) }
        }
        return fields
    }
}

/// Writes a file to the connection as the socket takes it: as many bytes as the head has announced, whatever becomes of
/// the file meanwhile.
private struct FileBodyWriter: ResponseBodyWriter {
    /// The file has fewer bytes than it had a moment ago.
    struct Truncated: Error {}

    let exchange: NIOLoopBound<HTTPExchange>
    let loop: any EventLoop
    var remaining: Int

    mutating func write(_ buffer: ByteBuffer) async throws {
        var buffer = buffer
        guard let part = buffer.readSlice(length: min(buffer.readableBytes, remaining)) else { return }
        remaining -= part.readableBytes
        let exchange = exchange
        try await loop.flatSubmit { exchange.value.connection.writeBody(part) }.get()
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
        guard remaining == 0 else { throw Truncated() }
        let exchange = exchange
        try await loop.submit { exchange.value.connection.finishBody() }.get()
    }
}

/// What Hummingbird wants to know of a request besides its head; the file middleware uses the logger.
private struct FileRequestSource: RequestContextSource {
    let logger: Logger
}

private struct FileRequestContext: RequestContext {
    typealias Source = FileRequestSource

    var coreContext: CoreRequestContextStorage

    init(source: FileRequestSource) {
        coreContext = CoreRequestContextStorage(source: source)
    }
}

/// Files in memory, as a source of the file middleware.
private struct EmbeddedFiles: FileProvider {
    struct Attributes: FileMiddlewareFileAttributes {
        let size: Int
        let isFolder = false
        let modificationDate: Date
    }

    private let files: [String: [UInt8]]
    private let modificationDate = Date()

    init(_ files: [String: [UInt8]]) {
        self.files = files
    }

    func getFileIdentifier(_ path: String) -> String? {
        let name = String(path.drop { $0 == "/" })
        return files[name] == nil ? nil : name
    }

    func getAttributes(id: String) async throws -> Attributes? {
        files[id].map { Attributes(size: $0.count, modificationDate: modificationDate) }
    }

    func loadFile(id: String, context: some RequestContext) async throws -> ResponseBody {
        guard let bytes = files[id] else { throw HTTPError(.notFound) }
        return ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
    }

    func loadFile(id: String, range: ClosedRange<Int>, context: some RequestContext) async throws -> ResponseBody {
        guard let bytes = files[id], range.lowerBound < bytes.count else { throw HTTPError(.rangeNotSatisfiable) }
        return ResponseBody(byteBuffer: ByteBuffer(bytes: bytes[range.clamped(to: 0...(bytes.count - 1))]))
    }
}
