import NIOCore
import Testing
import WebSocket

@testable import Gateway

@Suite("Limits") struct LimitTests {
    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

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
        let anna = try address("192.0.2.1")
        let ben = try address("192.0.2.2")
        #expect(ledger.enter(anna) == .admitted)
        #expect(ledger.enter(anna) == .admitted)
        let refused = ledger.enter(anna)
        #expect(refused != .admitted)
        #expect(ledger.enter(ben) == .admitted, "the refused takes no place")
        #expect(ledger.count == 4)
        ledger.leave(anna, refused)
        #expect(ledger.enter(ben) != .admitted)
        ledger.leave(anna, .admitted)
        #expect(ledger.enter(ben) == .admitted)
    }

    @Test("requests of many clients on one connection are counted by address alone")
    func requests() throws {
        let ledger = ConnectionLedger(maximum: 1, maximumPerAddress: 1)
        #expect(ledger.enter(nil) == .admitted)
        let anna = try address("192.0.2.1")
        #expect(ledger.enter(anna, isConnection: false) == .admitted)
        #expect(ledger.enter(anna, isConnection: false) != .admitted)
        #expect(ledger.enter(try address("192.0.2.2"), isConnection: false) == .admitted)
        ledger.leave(anna, .admitted, isConnection: false)
        #expect(ledger.enter(anna, isConnection: false) == .admitted)
        #expect(ledger.count == 1)
    }

    @Test("an IPv6 client is counted by its /64, and a mapped IPv4 one by its address")
    func addresses() throws {
        let ledger = ConnectionLedger(maximum: 100, maximumPerAddress: 1)
        #expect(ledger.enter(try address("2001:db8::1")) == .admitted)
        #expect(ledger.enter(try address("2001:db8::2")) != .admitted)
        #expect(ledger.enter(try address("2001:db8:0:1::1")) == .admitted)
        #expect(ledger.enter(try address("192.0.2.1")) == .admitted)
        #expect(ledger.enter(try address("::ffff:192.0.2.1")) != .admitted)
    }
}
