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
            ("application/vnd.api+json", "json"), ("APPLICATION/JSON", "json"), ("application/xhtml+xml", "text"),
            ("image/svg+xml", "text"),
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
        #expect(throws: DocumentRejection.self) { try read([0xC3, 0x28], "text/plain; charset=utf-8") }
    }

    @Test("JSON is read whatever character set it came in")
    func jsonCharsets() throws {
        let utf16: [UInt8] = "[\"é€\"]".utf16.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
        let expected = Array("[\"é€\"]".utf8)
        #expect(try read([0xFE, 0xFF] + utf16, "application/json").bytes == expected)
        #expect(try read(utf16, "application/json; charset=utf-16be").bytes == expected)
        let latin2 = try read(Array("[\"".utf8) + [0xB3] + Array("\"]".utf8), "application/json; charset=ISO-8859-2")
        #expect(latin2.bytes == Array("[\"ł\"]".utf8))
        #expect(latin2.contentType == "application/json; charset=utf-8")
        #expect(throws: DocumentRejection.self) {
            try read(Array("[\"\u{E9}\"]".unicodeScalars.map { UInt8($0.value) }), "application/json")
        }
    }

    @Test(
        "names of character sets are understood as the web means them",
        arguments: [
            ("Shift_JIS", [0x93, 0xFA], "日"), ("windows-1251", [0xC6], "Ж"), ("euc-kr", [0xB0, 0xA1], "가"),
            ("iso-8859-1", [0x80], "€"), ("utf-16le", [0xAC, 0x20], "€"), ("gb2312", [0xC4, 0xE3], "你"),
            ("nonsense-42", [0xC3, 0xA9], "é"), ("utf-8//IGNORE", [0xC3, 0xA9], "é"),
        ] as [(String, [UInt8], String)]
    )
    func charsetNames(name: String, bytes: [UInt8], expected: String) throws {
        #expect(try read(bytes, "text/plain; charset=\(name)").bytes == Array(expected.utf8))
    }

    @Test("long texts are converted whole, and broken ones refused", arguments: [10, 16_384, 100_001])
    func longTexts(count: Int) throws {
        let text = String(repeating: "€a", count: count)
        let bytes = text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        // As a truth value: a difference of such texts takes minutes to work out.
        let isWhole = try read(bytes, "text/plain; charset=utf-16le").bytes == Array(text.utf8)
        #expect(isWhole)
        #expect(throws: DocumentRejection.self) { try read(bytes + [0xAC], "text/plain; charset=utf-16le") }
        #expect(throws: DocumentRejection.self) { try read([0x00, 0xD8] + bytes, "text/plain; charset=utf-16le") }
    }

    @Test("XML is delivered as JSON, in whatever character set it came")
    func xml() throws {
        let latin = Array("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>caf".utf8) + [0xE9] + Array("</a>".utf8)
        let document = try read(latin, "text/xml")
        guard case .json = document.content else {
            Issue.record("not JSON")
            return
        }
        #expect(document.bytes == Array(#"{"a":"café"}"#.utf8))
        #expect(document.contentType == "application/json")
        // The parameter wins over the declaration.
        let cyrillic = Array("<?xml version='1.0' encoding='ISO-8859-1'?><a>".utf8) + [0xC6] + Array("</a>".utf8)
        #expect(try read(cyrillic, "text/xml; charset=windows-1251").bytes == Array(#"{"a":"Ж"}"#.utf8))
        let utf16 = "\u{FEFF}<?xml version='1.0' encoding='utf-16'?><a>€</a>".utf16.flatMap {
            [UInt8($0 & 0xFF), UInt8($0 >> 8)]
        }
        #expect(try read(utf16, "application/xml").bytes == Array(#"{"a":"€"}"#.utf8))
    }

    @Test("an HTML page and broken XML are refused where XML is expected, and a part can be selected")
    func xmlRefusals() throws {
        #expect(throws: DocumentRejection.self) { try read(Array("<html><p>down</p></html>".utf8), nil, format: .xml) }
        #expect(throws: DocumentRejection.self) { try read(Array("<a><b></a>".utf8), "application/rss+xml") }
        let feed = Array("<rss><channel><item>1</item></channel></rss>".utf8)
        #expect(try read(feed, nil, format: .xml, selection: "/rss/channel/item").bytes == Array(#"["1"]"#.utf8))
    }
}
