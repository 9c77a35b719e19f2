import Testing

@testable import BridgeConfiguration

@Suite("JSON5")
struct JSON5ParserTests {
    private func value(_ text: String) throws -> JSON5Node.Value { try JSON5Parser.parse(text).value }

    private func error(_ text: String) -> String {
        do throws(ConfigurationError) {
            return "accepted: \(try JSON5Parser.parse(text))"
        } catch {
            return "\(error.line ?? 0):\(error.column ?? 0): \(error)"
        }
    }

    @Test(
        "strings have either quote, escapes and continued lines",
        arguments: [
            (#""a'b""#, "a'b"), (#"'a"b'"#, "a\"b"), (#"'\b\f\n\r\t\v'"#, "\u{8}\u{C}\n\r\t\u{B}"),
            (#"'\x41\u00e9\uD83D\uDE00'"#, "Aé😀"), ("'a\\\nb\\\r\nc'", "abc"), (#"'\q\'\"\\\/'"#, "q'\"\\/"),
            ("'a\tb\u{2028}c'", "a\tb\u{2028}c"), ("''", ""),
        ]
    )
    func strings(text: String, expected: String) throws {
        #expect(try value(text) == .string(expected))
    }

    @Test(
        "numbers have every form of JSON5",
        arguments: [
            ("1", 1.0), ("-1.5", -1.5), ("+2", 2), (".5", 0.5), ("5.", 5), ("0x1F", 31), ("-0Xff", -255), ("1e3", 1000),
            ("1E-2", 0.01), ("2e+1", 20), ("Infinity", .infinity), ("-Infinity", -.infinity), ("0", 0),
            ("1e999", .infinity),
        ]
    )
    func numbers(text: String, expected: Double) throws {
        #expect(try value(text) == .number(expected, text: text))
    }

    @Test("keys may be unquoted, commas may trail, comments may stand anywhere")
    func lenient() throws {
        let text = "\u{FEFF}/* a */ { // b\r\n $a_1: [1, /* , */ 2,], 'b c': null, ünï: true,\u{A0}}// end"
        guard case .object(let members) = try value(text) else {
            Issue.record("not an object")
            return
        }
        #expect(members.map(\.key) == ["$a_1", "b c", "ünï"])
        #expect(members.map(\.line) == [2, 2, 2])
    }

    @Test("sixty-four levels are allowed, one more is not")
    func depth() {
        func nested(_ levels: Int) -> String {
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }
        #expect(error(nested(64)).hasPrefix("accepted"))
        #expect(error(nested(65)) == "1:65: nested more than 64 levels deep")
    }

    @Test("lines end with LF, CR or CRLF")
    func lines() throws {
        for end in ["\n", "\r", "\r\n"] {
            #expect(error("{\(end)a: 1,\(end)  b 2}") == "3:5: expected \":\" after the key \"b\", found \"2\"")
        }
    }

    @Test(
        "syntax errors tell line, column and what was expected",
        arguments: [
            ("{", "1:2: expected a key or \"}\", found the end of the file"),
            ("{a: 1 b: 2}", "1:7: expected \",\" or \"}\", found \"b\""),
            ("[1 2]", "1:4: expected \",\" or \"]\", found \"2\""),
            ("[,]", "1:2: expected a value, found \",\""),
            ("{,}", "1:2: expected a key or \"}\", found \",\""),
            ("{a: }", "1:5: expected a value, found \"}\""),
            ("{a: 5s}", "1:5: \"5s\" is not a number (a string needs quotes)"),
            ("{a: 1.2.3}", "1:5: \"1.2.3\" is not a number (a string needs quotes)"),
            ("012", "1:1: \"012\" is not a number (a string needs quotes)"),
            ("{a: yes}", "1:5: expected a value, found \"yes\" (a string needs quotes)"),
            ("{a: 'b\n'}", "1:5: this string is not closed on its line"),
            ("'abc", "1:1: this string is not closed on its line"),
            ("{\n /* a", "2:2: this comment is never closed (close it with */)"),
            ("{} x", "1:4: expected the end of the file, found \"x\""),
            (#"'\uD800'"#, "1:2: half of a surrogate pair stands alone"),
            (#"'\uD800\u0041'"#, "1:2: the first half of a surrogate pair stands alone"),
            (#"'\u12'"#, "1:2: this escape needs 4 hexadecimal digits"),
            (#"'\1'"#, "1:2: NUL and octal escapes are not allowed"),
            ("/", "1:1: expected a value or a comment, found \"/\""),
            ("-", "1:1: \"-\" is not a number (a string needs quotes)"),
            ("0x", "1:1: \"0x\" is not a number (a string needs quotes)"),
            ("1e", "1:1: \"1e\" is not a number (a string needs quotes)"),
            ("1 e", "1:3: expected the end of the file, found \"e\""),
        ]
    )
    func syntaxErrors(text: String, expected: String) {
        #expect(error(text) == expected)
    }
}
