import JSONDelta
import Testing

@testable import Topics

@Suite("Bodies become documents") struct DocumentReaderTests {
    private func read(
        _ body: [UInt8],
        _ contentType: String?,
        format: DocumentFormat = .auto,
        selection: String? = nil
    ) throws -> Document {
        try DocumentReader(format: format, selection: try selection.map { try JSONPointer($0) })
            .read(body, contentType: contentType)
    }

    @Test(
        "the media type decides what a body is",
        arguments: [
            ("application/json", "json"), ("application/json; charset=utf-8", "json"),
            ("application/vnd.api+json", "json"), ("APPLICATION/JSON", "json"), ("application/rss+xml", "text"),
            ("text/csv", "text"), ("application/octet-stream", "binary"), ("image/png", "binary"),
        ]
    )
    func byMediaType(contentType: String, kind: String) throws {
        let document = try read(Array("[1]".utf8), contentType)
        switch document.content {
        case .json: #expect(kind == "json")
        case .text: #expect(kind == "text")
        case .binary: #expect(kind == "binary")
        }
        #expect(document.contentType.lowercased().hasPrefix(contentType.lowercased().prefix { $0 != ";" }))
    }

    @Test("a configured format wins over the media type")
    func configured() throws {
        guard case .json = try read(Array("[1]".utf8), "text/plain", format: .json).content else {
            Issue.record("not JSON")
            return
        }
    }

    @Test("only the selected part is delivered, and a document without it is refused")
    func selection() throws {
        let body = Array(#"{"a":{"b":[1, 2]},"noise":1}"#.utf8)
        #expect(try read(body, "application/json", selection: "/a/b").bytes == Array("[1,2]".utf8))
        #expect(throws: DocumentRejection.self) { try read(body, "application/json", selection: "/a/c") }
    }

    @Test("markup where JSON is expected is named as such")
    func markup() throws {
        let rejection = #expect(throws: DocumentRejection.self) {
            try read(Array("\n<!doctype html><p>down".utf8), nil, format: .json)
        }
        #expect(rejection?.reason.contains("markup") == true)
    }

    @Test("a byte order mark is no part of a document")
    func byteOrderMark() throws {
        #expect(try read([0xEF, 0xBB, 0xBF] + Array("[1]".utf8), "application/json").bytes == Array("[1]".utf8))
    }

    @Test("text is delivered in UTF-8 whatever it came in")
    func charsets() throws {
        let latin = try read([0x63, 0x61, 0x66, 0xE9], "text/plain; charset=ISO-8859-1")
        #expect(latin.bytes == Array("café".utf8))
        #expect(latin.contentType == "text/plain; charset=utf-8")
        #expect(throws: DocumentRejection.self) { try read([0xFF, 0xFE, 0xFF], "text/plain; charset=utf-8") }
    }
}
