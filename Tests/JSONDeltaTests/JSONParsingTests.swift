import Testing

@testable import JSONDelta

@Suite("Parsing JSON text")
struct JSONParsingTests {
    @Test(
        "white space goes, everything else stays to the letter",
        arguments: [
            (
                " { \"a\" : [ 1 , 2.50 ,\t-0.0e+10 ] ,\r\n \"b\" : { } , \"c\":[ ] } \n",
                #"{"a":[1,2.50,-0.0e+10],"b":{},"c":[]}"#
            ),
            (#"{"\u0061\/":"\u00e9 é \ud83d\ude00  "}"#, #"{"\u0061\/":"\u00e9 é \ud83d\ude00  "}"#),
            (" true ", "true"), ("false", "false"), ("null\n", "null"), ("\t\"\"", "\"\""), ("0", "0"),
            (#"{"a":1,"a":2}"#, #"{"a":1,"a":2}"#), ("[[],[[ ]],{\"x\":{}}]", "[[],[[]],{\"x\":{}}]"),
            ("\u{FEFF}{}", "{}"), ("\u{FEFF} [ ]", "[]"),
        ]
    )
    func minified(source: String, delivered: String) throws {
        #expect(try JSONDocument(source).text == delivered)
    }

    @Test(
        "an error says where and why",
        arguments: [
            ("", 0, 1, 1, "the text ends inside a value"),
            ("{\n  \"a\": tru\n}", 12, 2, 11, "a value was expected"),
            ("{\"é\": 1,}", 9, 1, 9, "a member name was expected"),
            ("[1 2]", 3, 1, 4, "a comma or ] was expected"),
            ("{\"a\":1 \"b\"", 7, 1, 8, "a comma or } was expected"),
            ("{\"a\" 1}", 5, 1, 6, "a colon was expected after the member name"),
            ("[01]", 2, 1, 3, "a comma or ] was expected"),
            ("[-]", 2, 1, 3, "the number is not written as JSON wants it"),
            ("\"a\u{1}\"", 2, 1, 3, "a control character in a string must be escaped"),
            ("\"\\x\"", 1, 1, 2, "the escape sequence is not one of JSON's"),
            ("\"\\u12g4\"", 5, 1, 6, "the escape sequence is not one of JSON's"),
            ("\"abc", 4, 1, 5, "the string is not closed"),
            ("[] []", 3, 1, 4, "nothing but white space may follow the value"),
            ("<html>", 0, 1, 1, "a value was expected"),
        ]
    )
    func errors(source: String, offset: Int, line: Int, column: Int, reason: String) {
        #expect {
            try JSONDocument(source)
        } throws: { error in
            guard let error = error as? JSONError else { return false }
            return error.offset == offset && error.line == line && error.column == column && error.reason == reason
                && error.description == "line \(line), column \(column) (byte \(offset)): \(reason)"
        }
    }

    @Test(
        "bytes that are not UTF-8 are refused, in long strings and short ones",
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
            [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82], [0xFF], [0xC3, 0x28],
        ] as [[UInt8]]
    )
    func invalidUTF8(bytes: [UInt8]) {
        for padding in 0..<12 {
            let text = [UInt8(ascii: "\"")] + [UInt8](repeating: 0x61, count: padding) + bytes + Array("\"".utf8)
            #expect(throws: JSONError.self) { try JSONDocument(parsing: text) }
        }
    }

    @Test("a special byte is seen at every place of a string")
    func everyPlace() throws {
        for length in 0..<40 {
            for place in 0...length {
                let before = String(repeating: "x", count: place)
                let after = String(repeating: "y", count: length - place)
                for special in ["\\\"", "\\\\", "é", "€", "😀", "\\u0000", "\u{7F}"] {
                    let text = "[\"\(before)\(special)\(after)\"]"
                    #expect(try JSONDocument(text).text == text)
                }
                for refused in ["\u{1F}", "\0", "\"", "\\a"] {
                    #expect(throws: JSONError.self) { try JSONDocument("[\"\(before)\(refused)\(after)\"]") }
                }
            }
        }
    }

    @Test("every beginning of a text is refused, and never read beyond")
    func truncated() throws {
        let text = Array(#"{"a":[1,-2.5e3,true,false,null,"\u00e9é\ud83d\ude00"],"b":{"c":""}}"#.utf8)
        _ = try JSONDocument(parsing: text)
        for length in 0..<text.count {
            #expect(throws: JSONError.self) { try JSONDocument(parsing: Array(text.prefix(length))) }
        }
    }

    @Test("nesting is counted in levels and limited")
    func depth() throws {
        func nested(_ levels: Int) -> String {
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }
        #expect(throws: Never.self) { try JSONDocument(nested(512)) }
        #expect { try JSONDocument(nested(513)) } throws: { "\($0)".hasSuffix("nested deeper than the limit") }
        #expect(throws: JSONError.self) { try JSONDocument(String(repeating: "[", count: 100_000)) }
        #expect(throws: JSONError.self) { try JSONDocument(String(repeating: "{\"a\":", count: 100_000)) }
        let limits = JSONLimits(maxDepth: .max)
        #expect(throws: Never.self) { try JSONDocument(parsing: Array(nested(1024).utf8), limits: limits) }
        #expect(throws: JSONError.self) { try JSONDocument(parsing: Array(nested(1025).utf8), limits: limits) }
        #expect(throws: JSONError.self) { try JSONDocument(parsing: Array("[]".utf8), limits: JSONLimits(maxDepth: 0)) }
    }

    @Test("size is limited, white space included")
    func size() throws {
        let limits = JSONLimits(maxBytes: 4)
        #expect(throws: Never.self) { try JSONDocument(parsing: Array("[1 ]".utf8), limits: limits) }
        #expect { try JSONDocument(parsing: Array("[1  ]".utf8), limits: limits) } throws: {
            ($0 as? JSONError)?.reason == "the text is larger than the limit"
        }
    }

    @Test("random bytes and damaged texts are refused or accepted, but never crash")
    func damaged() throws {
        var random = SeededGenerator(7)
        let text = Array(#"{"a":[1,-2.5e3,true,null,"\u00e9é\ud83d\ude00"],"b":{"c":"x"}} "#.utf8)
        for _ in 0..<3000 {
            var damaged = text
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                damaged[Int.random(in: 0..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            guard let document = try? JSONDocument(parsing: damaged) else { continue }
            // What was accepted must be its own delivered form.
            #expect(try JSONDocument(parsing: document.bytes).bytes == document.bytes)
        }
    }
}

@Suite("JSONTestSuite")
struct JSONTestSuiteTests {
    static let names = (try? Vectors.names(in: "JSONTestSuite/test_parsing")) ?? []

    /// Where RFC 8259 leaves the choice: numbers of any size and escapes of lone surrogates are kept as written, a byte
    /// order mark is left out, 500 levels are below the limit; everything that is not UTF-8 is refused.
    static let accepted: Set<String> = [
        "i_number_double_huge_neg_exp.json", "i_number_huge_exp.json", "i_number_neg_int_huge_exp.json",
        "i_number_pos_double_huge_exp.json", "i_number_real_neg_overflow.json", "i_number_real_pos_overflow.json",
        "i_number_real_underflow.json", "i_number_too_big_neg_int.json", "i_number_too_big_pos_int.json",
        "i_number_very_big_negative_int.json", "i_object_key_lone_2nd_surrogate.json",
        "i_string_1st_surrogate_but_2nd_missing.json", "i_string_1st_valid_surrogate_2nd_invalid.json",
        "i_string_incomplete_surrogate_and_escape_valid.json", "i_string_incomplete_surrogate_pair.json",
        "i_string_incomplete_surrogates_escape_valid.json", "i_string_invalid_lonely_surrogate.json",
        "i_string_invalid_surrogate.json", "i_string_inverted_surrogates_U+1D11E.json",
        "i_string_lone_second_surrogate.json", "i_structure_500_nested_arrays.json",
        "i_structure_UTF-8_BOM_empty_object.json",
    ]

    @Test("the suite is complete")
    func complete() {
        #expect(Self.names.count == 318)
        #expect(Self.accepted.isSubset(of: Self.names))
    }

    @Test("y is accepted, n refused, i as decided", arguments: names)
    func verdict(name: String) throws {
        let bytes = try Vectors.bytes("JSONTestSuite/test_parsing/\(name)")
        if name.hasPrefix("y_") || Self.accepted.contains(name) {
            let document = try JSONDocument(parsing: bytes)
            #expect(try JSONDocument(parsing: document.bytes).bytes == document.bytes)
        } else {
            #expect(throws: JSONError.self) { try JSONDocument(parsing: bytes) }
        }
    }
}
