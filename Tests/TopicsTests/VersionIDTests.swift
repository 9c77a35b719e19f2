import Testing

@testable import Topics

@Suite("Version ids") struct VersionIDTests {
    @Test("an id is 22 characters of base64url over the first 16 bytes of SHA-256")
    func knownValue() {
        // SHA-256("abc") begins with ba7816bf8f01cfea414140de5dae2223.
        #expect(VersionID(of: Array("abc".utf8)).text == "ungWv48Bz-pBQUDeXa4iIw")
        #expect(VersionID(of: []).text == "47DEQpj8HBSa-_TImW-5JA")
    }

    @Test("reading what was written gives the same id")
    func roundTrip() {
        for number in 0..<500 {
            let id = VersionID(of: Array("document \(number)".utf8))
            #expect(id.text.utf8.count == 22)
            #expect(VersionID(text: id.text) == id)
        }
    }

    @Test(
        "anything else is no id",
        arguments: [
            "", "a", "ungWv48Bz-pBQUDeXa4iI", "ungWv48Bz-pBQUDeXa4iIww", "ungWv48Bz+pBQUDeXa4iIw",
            "ungWv48Bz-pBQUDeXa4iI=",
            // The last character carries two bits only.
            "ungWv48Bz-pBQUDeXa4iIx", "\u{E9}ngWv48Bz-pBQUDeXa4iIw", String(repeating: "A", count: 10_000),
        ]
    )
    func hostile(text: String) {
        #expect(VersionID(text: text) == nil)
    }
}
