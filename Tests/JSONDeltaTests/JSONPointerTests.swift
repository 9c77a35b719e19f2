import Testing

@testable import JSONDelta

@Suite("JSON Pointer")
struct JSONPointerTests {
    @Test("the examples of RFC 6901 section 5 are found, and a part is a document of its own")
    func section5() throws {
        let vectors = try Vectors.document("json-pointer/rfc6901-section5.json")
        let document = try #require(vectors.member("document"))
        let cases = try #require(vectors.member("cases")).items
        #expect(cases.count == 12)
        for vector in cases {
            let pointer = try JSONPointer(try #require(vector.member("pointer")).string)
            let part = try #require(document.select(pointer))
            #expect(part.bytes == vector.member("expected")?.bytes)
            #expect(try JSONDocument(parsing: part.bytes).nodes.elementsEqual(part.nodes) { $0.describes($1) })
        }
    }

    @Test("a text is a pointer or it is refused")
    func form() throws {
        var count = 0
        for group in try Vectors.document("json-pointer/json-pointer.json").items {
            for vector in try #require(group.member("tests")).items {
                let data = try #require(vector.member("data"))
                guard data.kind == .string else { continue }
                count += 1
                let isValid = vector.member("valid")?.kind == .true
                let pointer = try? JSONPointer(data.string)
                #expect((pointer != nil) == isValid, "\(data.text)")
            }
        }
        #expect(count > 30)
    }

    @Test("tokens are unescaped once, and the text is kept")
    func tokens() throws {
        let pointer = try JSONPointer("/a~1b/~01//m~0n")
        #expect(pointer.tokens == ["a/b", "~1", "", "m~n"])
        #expect(pointer.text == "/a~1b/~01//m~0n")
        #expect(JSONPointer(steps: pointer.steps).text == pointer.text)
    }

    @Test("characters that only look alike are different names")
    func noNormalisation() throws {
        #expect(try JSONPointer("/\u{E9}") != JSONPointer("/e\u{301}"))
        let document = try JSONDocument("{\"e\u{301}\":1,\"\u{E9}\":2}")
        #expect(document.select(try JSONPointer("/\u{E9}"))?.text == "2")
    }

    @Test(
        "what is not there is nil",
        arguments: ["/x", "/a/2", "/a/-", "/a/00", "/a/+1", "/a/0/0", "/a/99999999999999999999", "/b/c", "/s/0"]
    )
    func absent(text: String) throws {
        let document = try JSONDocument(#"{"a":[1,2],"b":null,"s":"text"}"#)
        #expect(document.select(try JSONPointer(text)) == nil)
    }

    @Test("names with escapes are found by what they say; the last of a repeated name counts")
    func names() throws {
        let document = try JSONDocument(#"{"\u0061\/b":[10,{"x":[]}],"r":1,"r":2,"\ud83d\ude00":3}"#)
        #expect(document.select(try JSONPointer("/a~1b/1/x"))?.text == "[]")
        #expect(document.select(try JSONPointer("/r"))?.text == "2")
        #expect(document.select(try JSONPointer("/😀"))?.text == "3")
    }

    @Test("a pattern's * is any member and any index")
    func patterns() throws {
        let cursor = PatternCursor([try JSONPointerPattern("/a/*/b")])
        func matches(_ pointer: String) throws -> Bool {
            cursor.entering(try JSONPointer(pointer).steps).match != nil
        }
        #expect(try matches("/a/0/b"))
        #expect(try matches("/a/name/b"))
        #expect(try !matches("/a/0"))
        #expect(try !matches("/a/0/b/c"))
        #expect(try !matches("/x/0/b"))
        #expect(throws: JSONPointerError.self) { try JSONPointerPattern("a/*") }
    }
}

extension JSONNode {
    fileprivate func describes(_ other: JSONNode) -> Bool {
        offset == other.offset && length == other.length && next == other.next && kind == other.kind
            && nameLength == other.nameLength && hasEscapes == other.hasEscapes
    }
}

@Suite("Equality by value")
struct JSONEqualityTests {
    @Test(
        "white space and member order make no difference",
        arguments: [
            (#"{"a":1,"b":[1,2]}"#, #" { "b": [1, 2], "a": 1 }"#),
            (#"{"a":{"x":1,"y":{"p":0,"q":0}}}"#, #"{"a":{"y":{"q":0,"p":0},"x":1}}"#),
            (#"{"a":1,"a":2,"b":0}"#, #"{"b":0,"a":1,"a":2}"#), ("[]", "[ ]"), ("{}", "{ }"),
        ]
    )
    func equal(first: String, second: String) throws {
        #expect(try JSONDocument(first).isEqual(to: JSONDocument(second), ignoring: []))
    }

    @Test(
        "order of items, repeated members and the text of scalars make a difference",
        arguments: [
            ("1.0", "1"), ("[1,2]", "[2,1]"), (#"{"a":1}"#, #"{"a":1,"b":2}"#), (#"{"a":1}"#, #"{"b":1}"#),
            (#"{"a":1,"a":2}"#, #"{"a":2,"a":1}"#), (#""\u0061""#, #""a""#), ("[]", "{}"), ("null", "false"),
            (#"{"a":1,"b":2}"#, #"{"b":1,"a":2}"#), ("[1]", "[1,1]"),
        ]
    )
    func different(first: String, second: String) throws {
        #expect(try !JSONDocument(first).isEqual(to: JSONDocument(second), ignoring: []))
        #expect(try !JSONDocument(second).isEqual(to: JSONDocument(first), ignoring: []))
    }

    @Test(
        "ignored places make no difference",
        arguments: [
            ("/t", #"{"t":1,"a":2}"#, #"{"a":2,"t":9}"#, true), ("/t", #"{"t":1,"a":2}"#, #"{"a":2}"#, true),
            ("/t", #"{"t":1,"a":2}"#, #"{"a":3}"#, false), ("/*/t", #"[{"t":1},{"t":2}]"#, #"[{"t":3},{}]"#, true),
            ("/*/t", #"{"x":{"t":1,"u":1}}"#, #"{"x":{"u":1}}"#, true), ("/*/t", #"[{"t":1}]"#, "[]", false),
            ("/0", "[1,2]", "[5,2]", true), ("/0", "[1,2]", "[1,3]", false), ("", "1", "[]", true),
            ("/a~1b", #"{"a/b":1}"#, #"{"a\/b":2}"#, true), ("/t/*", #"{"t":[1,2]}"#, #"{"t":[]}"#, true),
        ]
    )
    func ignoring(pattern: String, first: String, second: String, isEqual: Bool) throws {
        let pattern = try JSONPointerPattern(pattern)
        let first = try JSONDocument(first)
        let second = try JSONDocument(second)
        #expect(first.isEqual(to: second, ignoring: [pattern]) == isEqual)
        #expect(second.isEqual(to: first, ignoring: [pattern]) == isEqual)
    }

    @Test(
        "a test operation compares numbers by their value, whatever their size",
        arguments: [
            ("1.10", "1.1", true), ("1e2", "100", true), ("-0", "0.000e5", true), ("1E400", "10e399", true),
            ("0.1e1", "1", true), ("1", "-1", false), ("9007199254740993", "9007199254740992", false),
            ("1e99999999999999999999", "1e-99999999999999999999", false), ("120", "12", false), ("1.5", "15e-1", true),
        ]
    )
    func numbers(first: String, second: String, isEqual: Bool) throws {
        #expect(try JSONDocument(first).means(JSONDocument(second)) == isEqual)
    }

    @Test("a test operation compares strings and names by what they say")
    func texts() throws {
        #expect(try JSONDocument(#"{"\u0061":"\/\ud83d\ude00","b":[]}"#).means(JSONDocument(#"{"b":[],"a":"/😀"}"#)))
        #expect(try !JSONDocument(#""\ud83d""#).means(JSONDocument(#""\ude00""#)))
    }
}
