import Testing

@testable import BridgeConfiguration

@Suite("Durations, sizes, rates, substitution and spelling")
struct UnitsTests {
    @Test(
        "durations",
        arguments: [
            ("500ms", Duration.milliseconds(500)), ("2s", .seconds(2)), ("5m", .seconds(300)), ("1h", .seconds(3600)),
            ("0s", .zero), ("8760h", .seconds(365 * 24 * 3600)),
        ]
    )
    func durations(text: String, expected: Duration) throws {
        #expect(try Duration(parsing: text) == expected)
    }

    @Test(
        "what is no duration",
        arguments: [
            "", "5", "s", "-1s", "1.5s", "1 s", "1S", "1d", "1s ", "٣s", "8761h", "99999999999999999999s",
        ]
    )
    func noDurations(text: String) {
        #expect(throws: Mistake.self) { try Duration(parsing: text) }
    }

    @Test("sizes", arguments: [("0B", 0), ("512B", 512), ("64KiB", 65536), ("4MiB", 4 << 20), ("1GiB", 1 << 30)])
    func sizes(text: String, expected: Int) throws {
        #expect(try Size.parse(text) == expected)
        #expect(Size.text(expected) == text)
    }

    @Test(
        "what is no size",
        arguments: [
            "", "5", "KiB", "-1B", "1.5MiB", "1KB", "1kib", "1M", "1025GiB", "9999999999B", "٣B",
        ]
    )
    func noSizes(text: String) {
        #expect(throws: Mistake.self) { try Size.parse(text) }
    }

    @Test(
        "rates",
        arguments: [("20/s", 20, Duration.seconds(1)), ("300/m", 300, .seconds(60)), ("1/h", 1, .seconds(3600))]
    )
    func rates(text: String, count: Int, period: Duration) throws {
        let rate = try MessageRate(parsing: text)
        #expect(rate.count == count && rate.period == period && rate.description == text)
    }

    @Test("what is no rate", arguments: ["", "20", "0/s", "/s", "20/", "20/d", "1.5/s", "20/s/s", "1000001/s"])
    func noRates(text: String) {
        #expect(throws: Mistake.self) { try MessageRate(parsing: text) }
    }

    @Test(
        "the environment is filled in once, and $${ is a literal ${",
        arguments: [
            ("a${A}b", "a1b"), ("${A}${B}", "1${A}"), ("$${A}", "${A}"), ("$A $ $$", "$A $ $$"), ("$$${A}", "$${A}"),
            ("", ""),
        ]
    )
    func substitution(text: String, expected: String) throws {
        #expect(try Substitution.expand(text, environment: ["A": "1", "B": "${A}"]) == expected)
    }

    @Test("what cannot be filled in is an error", arguments: ["${C}", "${A", "${}", "${1}", "${A B}", "${Z}"])
    func noSubstitution(text: String) {
        #expect(throws: Mistake.self) { try Substitution.expand(text, environment: ["A": "1", "Z": "\0"]) }
    }

    @Test(
        "the nearest word is found, and none where none is near",
        arguments: [
            ("intervall", "interval"), ("inteval", "interval"), ("itnerval", "interval"), ("URL", "url"),
            ("xyzzy", nil),
            ("maxbody", "maxBody"), ("", nil), ("u", nil),
        ] as [(String, String?)]
    )
    func spelling(word: String, expected: String?) {
        #expect(Spelling.nearest(to: word, in: ["url", "interval", "maxBody", "history"]) == expected)
    }
}
