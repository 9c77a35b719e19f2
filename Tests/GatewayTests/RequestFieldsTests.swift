import NIOCore
import NIOHTTP1
import Testing
import Topics

@testable import Gateway

@Suite("Fields of a request") struct RequestFieldsTests {
    let version = VersionID(of: [1])

    @Test("If-None-Match is a list compared weakly")
    func entityTags() {
        #expect(EntityTagList(["If-None-Match": "\"\(version)\""]).match(version))
        #expect(EntityTagList(["If-None-Match": "\"x\", W/\"\(version)\""]).match(version))
        #expect(EntityTagList(["If-None-Match": "*"]).match(version))
        #expect(!EntityTagList(["If-None-Match": "\"x\""]).match(version))
        #expect(!EntityTagList(["If-None-Match": "\(version)"]).match(version))
        #expect(!EntityTagList([:]).match(version))
    }

    @Test(
        "a preferred wait is a number of seconds up to 120",
        arguments: [
            ("wait=30", 30), ("respond-async, wait=5", 5), ("WAIT = \"7\"", 7), ("wait=100000", 120), ("wait=0", nil),
            ("wait=-1", nil), ("wait", nil), ("wait=x", nil), ("", nil),
        ] as [(String, Int?)]
    )
    func wait(field: String, seconds: Int?) {
        #expect(Preferences(["Prefer": field]).wait == seconds)
    }
}

@Suite("Byte ranges") struct ByteRangeTests {
    @Test("a range is the bytes that the file has of it")
    func resolved() {
        #expect(ByteRange("bytes=0-3")?.resolved(size: 10) == 0...3)
        #expect(ByteRange("bytes=8-30")?.resolved(size: 10) == 8...9)
        #expect(ByteRange("bytes=8-")?.resolved(size: 10) == 8...9)
        #expect(ByteRange("bytes=-3")?.resolved(size: 10) == 7...9)
        #expect(ByteRange("bytes=-30")?.resolved(size: 10) == 0...9)
    }

    @Test("a range of which the file has nothing is unsatisfiable")
    func unsatisfiable() throws {
        for field in ["bytes=10-11", "bytes=10-", "bytes=-0"] {
            #expect(try #require(ByteRange(field)).resolved(size: 10) == nil)
        }
        #expect(ByteRange("bytes=-1")?.resolved(size: 0) == nil)
    }

    @Test(
        "anything else is no range",
        arguments: [
            "", "bytes=", "bytes=-", "bytes=3-2", "bytes=0-1,3-4", "items=0-1", "bytes=a-b", "bytes=+1-2", "bytes=1",
            "bytes=99999999999999999999-",
        ]
    )
    func refused(field: String) {
        #expect(ByteRange(field) == nil)
    }
}
