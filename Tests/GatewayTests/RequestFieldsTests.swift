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

@Suite("Limits") struct LimitTests {
    @Test("a client may send as many messages in a period as its rate says")
    func rate() {
        let start = NIODeadline.uptimeNanoseconds(1)
        var bucket = MessageRateLimit.Bucket(MessageRateLimit(count: 2, period: .seconds(1)), now: start)
        #expect(bucket.takes(at: start) == true)
        #expect(bucket.takes(at: start) == true)
        #expect(bucket.takes(at: start) == false)
        #expect(bucket.takes(at: start + .milliseconds(400)) == false)
        #expect(bucket.takes(at: start + .milliseconds(600)) == true)
        #expect(bucket.takes(at: start + .milliseconds(700)) == false)
    }

    @Test("connections past the limits are refused, and room is made when one ends")
    func connections() throws {
        let ledger = ConnectionLedger(maximum: 3, maximumPerAddress: 2)
        let anna = try SocketAddress(ipAddress: "192.0.2.1", port: 1)
        let ben = try SocketAddress(ipAddress: "192.0.2.2", port: 1)
        #expect(ledger.enter(anna) == .admitted)
        #expect(ledger.enter(anna) == .admitted)
        #expect(ledger.enter(anna) != .admitted)
        ledger.leave(anna)
        #expect(ledger.enter(ben) == .admitted)
        #expect(ledger.enter(ben) != .admitted)
        ledger.leave(ben)
        ledger.leave(anna)
        #expect(ledger.enter(ben) == .admitted)
        #expect(ledger.count == 3)
    }

    @Test("an IPv6 client is counted by its /64, and a mapped IPv4 one by its address")
    func addresses() throws {
        let ledger = ConnectionLedger(maximum: 100, maximumPerAddress: 1)
        #expect(ledger.enter(try SocketAddress(ipAddress: "2001:db8::1", port: 1)) == .admitted)
        #expect(ledger.enter(try SocketAddress(ipAddress: "2001:db8::2", port: 1)) != .admitted)
        #expect(ledger.enter(try SocketAddress(ipAddress: "2001:db8:0:1::1", port: 1)) == .admitted)
        #expect(ledger.enter(try SocketAddress(ipAddress: "192.0.2.1", port: 1)) == .admitted)
        #expect(ledger.enter(try SocketAddress(ipAddress: "::ffff:192.0.2.1", port: 1)) != .admitted)
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
