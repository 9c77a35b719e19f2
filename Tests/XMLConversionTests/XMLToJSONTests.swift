import JSONDelta
import Testing

@testable import XMLConversion

@Suite("XML becomes JSON") struct XMLToJSONTests {
    private func json(
        _ xml: String,
        arrays: [String] = [],
        below selection: String? = nil,
        limits: XMLLimits = .standard
    ) throws -> String {
        let converter = XMLToJSON(
            arrays: try arrays.map { try JSONPointerPattern($0) },
            below: try selection.map { try JSONPointer($0) },
            limits: limits
        )
        return String(decoding: try converter.convert(Array(xml.utf8)), as: UTF8.self)
    }

    @Test(
        "each construct has its place in the convention",
        arguments: [
            ("<a/>", #"{"a":""}"#),
            ("<a>1.10</a>", #"{"a":"1.10"}"#),
            ("<a> x </a>", #"{"a":" x "}"#),
            ("<a b='1' c='2'/>", #"{"a":{"@b":"1","@c":"2"}}"#),
            ("<a b='1'>x</a>", ##"{"a":{"@b":"1","#text":"x"}}"##),
            ("<a>\n <b>1</b>\n <c>2</c>\n</a>", #"{"a":{"b":"1","c":"2"}}"#),
            ("<a><b>1</b><c/><b>2</b></a>", #"{"a":{"b":["1","2"],"c":""}}"#),
            ("<a>x<b/>y</a>", ##"{"a":{"b":"","#text":"xy"}}"##),
            ("<a><![CDATA[1 < 2 & \"3\"]]></a>", #"{"a":"1 < 2 & \"3\""}"#),
            ("<a b='&lt;&amp;&quot;&#65;'>&gt;&#x20AC;&amp;</a>", ##"{"a":{"@b":"<&\"A","#text":">€&"}}"##),
            ("<a>back\\slash\ttab\nline</a>", #"{"a":"back\\slash\ttab\nline"}"#),
            (
                "<m:a xmlns:m='urn:m' xmlns='urn:d' m:x='1'><m:b/></m:a>",
                #"{"m:a":{"@xmlns:m":"urn:m","@xmlns":"urn:d","@m:x":"1","m:b":""}}"#
            ),
            ("<?xml version='1.0'?><!-- c --><?p i?><a>1<!-- c -->2</a><!-- c -->", #"{"a":"12"}"#),
        ]
    )
    func convention(xml: String, expected: String) throws {
        #expect(try json(xml) == expected)
        // What comes out is JSON by our own strict reader.
        _ = try JSONDocument(parsing: Array(expected.utf8))
    }

    @Test("an array that is named stays one with one element and with none")
    func namedArrays() throws {
        let arrays = ["/scores/match", "/scores/match/*/event"]
        #expect(
            try json("<scores><match><event>1</event></match></scores>", arrays: arrays)
                == #"{"scores":{"match":[{"event":["1"]}]}}"#
        )
        #expect(
            try json("<scores><match id='1'/><match id='2'/></scores>", arrays: arrays)
                == #"{"scores":{"match":[{"@id":"1","event":[]},{"@id":"2","event":[]}]}}"#
        )
        #expect(try json("<scores/>", arrays: arrays) == #"{"scores":{"match":[]}}"#)
        #expect(try json("<a><b><c>1</c></b></a>", arrays: ["/c"], below: "/a/b") == #"{"a":{"b":{"c":["1"]}}}"#)
    }

    @Test("entries of RSS and Atom feeds are arrays without being named")
    func feeds() throws {
        #expect(
            try json("<rss><channel><item><title>1</title></item></channel></rss>")
                == #"{"rss":{"channel":{"item":[{"title":"1"}]}}}"#
        )
        #expect(try json("<rss><channel><title>t</title></channel></rss>").contains(#""item":[]"#))
        #expect(try json("<feed><entry/></feed>") == #"{"feed":{"entry":[""]}}"#)
        #expect(try json("<other><item/></other>") == #"{"other":{"item":""}}"#)
    }

    @Test("no entity is declared, expanded or fetched")
    func entities() throws {
        let bomb = """
            <!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;&x;&x;&x;&x;&x;">]><a>&y;</a>
            """
        let external = "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>"
        let parameter = "<!DOCTYPE a [<!ENTITY % p SYSTEM 'file:///etc/passwd'>%p;]><a/>"
        for text in [bomb, external, parameter] {
            let error = #expect(throws: XMLError.self) { try json(text) }
            #expect(error?.reason.contains("entity") == true)
        }
        // RSS 0.91 names an external subset with Latin-1's entities: it is not loaded, and they stay as written.
        let named = "<!DOCTYPE rss PUBLIC '-//N//RSS 0.91//EN' 'http://127.0.0.1:1/rss.dtd'><rss>caf&eacute;</rss>"
        #expect(try json(named) == #"{"rss":"caf&eacute;"}"#)
    }

    @Test(
        "what is no XML is refused with its line",
        arguments: [
            "", "   ", "{}", "<a>", "<a></b>", "<a/><b/>", "<a b='1' b='2'/>", "<a>&nope;</a>", "<a>\u{1}</a>",
            "<a b=1/>", "text <a/>",
        ]
    )
    func malformed(xml: String) {
        #expect(throws: XMLError.self) { try json(xml) }
    }

    @Test("the line of a mistake is told")
    func line() {
        let error = #expect(throws: XMLError.self) { try json("<a>\n<b>\n</a>") }
        #expect(error?.line == 3)
        #expect(error?.description.hasPrefix("line 3: ") == true)
    }

    @Test("an HTML page is named as such")
    func html() {
        let error = #expect(throws: XMLError.self) { try json("<!DOCTYPE html><html><body>down</body></html>") }
        #expect(error?.reason.contains("HTML") == true)
    }

    @Test("depth, elements and size have limits")
    func limits() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        }
        _ = try json(nested(200))
        #expect(throws: XMLError.self) { try json(nested(201)) }
        #expect(throws: XMLError.self) { try json(nested(100_000)) }
        let many = "<a>" + String(repeating: "<b c='1'/>", count: 60) + "</a>"
        _ = try json(many, limits: XMLLimits(maxNodes: 121))
        #expect(throws: XMLError.self) { try json(many, limits: XMLLimits(maxNodes: 120)) }
        #expect(throws: XMLError.self) { try json(many, limits: XMLLimits(maxBytes: 400)) }
    }

    @Test("no damage to a feed is more than an error")
    func damaged() {
        let feed = Array(
            """
            <?xml version="1.0"?><rss version="2.0"><channel><item a="&amp;x"><![CDATA[y]]></item><!-- z --></channel></rss>
            """.utf8
        )
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<3_000 {
            var text = feed
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                text[Int.random(in: text.indices, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            guard let result = try? XMLToJSON().convert(text) else { continue }
            #expect(throws: Never.self) { try JSONDocument(parsing: result) }
        }
    }
}
