import Foundation
import Testing

@testable import BridgeConfiguration

@Suite("Hostile configuration files")
struct HostileInputTests {
    private func error(_ bytes: [UInt8]) -> String {
        do throws(ConfigurationErrors) {
            _ = try BridgeConfiguration.parse(bytes, fileName: "config.json")
            return "accepted"
        } catch {
            return error.description
        }
    }

    private func error(_ text: String) -> String { error(Array(text.utf8)) }

    @Test("a hundred thousand levels are refused without a deep stack", arguments: ["[", "{a:"])
    func deep(opening: String) {
        #expect(error(String(repeating: opening, count: 100_000)).hasSuffix("nested more than 64 levels deep"))
        #expect(
            error("{routes:" + String(repeating: opening, count: 100_000)).contains("nested more than 64 levels deep")
        )
    }

    @Test("ten megabytes are refused unread")
    func large() throws {
        #expect(error([UInt8](repeating: 0x20, count: 10 << 20)) == "config.json: the file is larger than 4MiB")
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("large-\(UUID().uuidString).json")
        try Data(count: 10 << 20).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let thrown = #expect(throws: ConfigurationErrors.self) {
            try BridgeConfiguration.load(file: file.path, environment: [:])
        }
        #expect(thrown?.errors.map(\.message) == ["the file is larger than 4MiB"])
    }

    @Test("four megabytes of white space, of one string and of one list are read in bounded time")
    func largeButAllowed() {
        #expect(
            error([UInt8](repeating: 0x20, count: 4 << 20)).hasSuffix("expected a value, found the end of the file")
        )
        #expect(error("{x: \"" + String(repeating: "a", count: 3 << 20) + "\"}").contains("x: unknown key"))
        #expect(error("{routes: [" + String(repeating: "1,", count: 100_000) + "]}").utf8.count > 100_000)
    }

    @Test("text that is not UTF-8 is refused where it begins")
    func notUTF8() {
        #expect(error(Array("{\n  a: \"é".utf8) + [0xFF]) == "config.json:2:8: the file is not UTF-8")
        #expect(error([0xC3]) == "config.json:1:1: the file is not UTF-8")
        #expect(error([0xED, 0xA0, 0x80]) == "config.json:1:1: the file is not UTF-8")
    }

    @Test("NUL is refused everywhere")
    func nul() {
        #expect(error("\0") == "config.json:1:1: expected a value, found U+0000")
        #expect(error("{\"a\0\": 1}") == "config.json:1:4: NUL is not allowed")
        #expect(error("{a: \"\\u0000\"}") == "config.json:1:6: NUL is not allowed")
        #expect(error("{a: \"\\0\"}") == "config.json:1:6: NUL and octal escapes are not allowed")
    }

    @Test(
        "a document that is not an object says what it is",
        arguments: [
            ("[]", "a list"), ("1", "number 1"), ("\"x\"", "string \"x\""), ("null", "null"), ("true", "true"),
        ]
    )
    func notAnObject(text: String, found: String) {
        #expect(error(text) == "config.json:1: expected an object, found \(found)")
    }

    @Test("an empty file is an error")
    func empty() {
        #expect(error("") == "config.json:1:1: expected a value, found the end of the file")
    }

    @Test("a file that is not there and a folder are errors without a line")
    func missing() {
        let none = #expect(throws: ConfigurationErrors.self) {
            try BridgeConfiguration.load(file: "/nonexistent/config.json", environment: [:])
        }
        let hint = "name one with --config; pushbridge demo needs none"
        #expect(none?.description == "/nonexistent/config.json: there is no such file (\(hint))")
        let folder = #expect(throws: ConfigurationErrors.self) {
            try BridgeConfiguration.load(file: Golden.resources.path, environment: [:])
        }
        #expect(folder?.description == "\(Golden.resources.path): the file cannot be read")
    }

    @Test("what a file says cannot forge lines or turn a terminal around")
    func printing() {
        let text = error("{\"a\\n/etc/passwd:1: \\u202Eb\\u001B[2J\": 1, routes: []}")
        #expect(text.split(separator: "\n").count == 2)
        #expect(!text.unicodeScalars.contains("\u{1B}"))
        #expect(!text.unicodeScalars.contains("\u{202E}"))
    }

    @Test("the value of a secret never stands in an error")
    func secrets() {
        for place in [
            "headers: { Authorization: '${TOKEN}\\n' }", "url: 'http://u:${TOKEN}^@h/'", "url: 'http://u:${TOKEN}/@h/'",
            "url: 'http://h/${TOKEN}^'",
            "send: { url: 'http://h/', headers: { A: '${TOKEN}\\r' } }",
        ] {
            let text = Golden.errors("{routes: [{path: '/a', poll: { url: 'http://h/', \(place) }}]}")
            #expect(!text.hasPrefix("accepted"))
            #expect(!text.contains("s3cret"))
        }
    }
}
