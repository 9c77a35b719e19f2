import NIOCore
import Testing

@testable import WebSocket

@Suite("Keep-alive decides from the times that it is told")
struct KeepAliveTests {
    private let start = NIODeadline.uptimeNanoseconds(0) + .seconds(1000)

    private func at(_ seconds: Int64) -> NIODeadline { self.start + .seconds(seconds) }

    @Test("a silent peer is pinged every interval and given up after the timeout")
    func silence() {
        var keepAlive = KeepAlive(pingInterval: .seconds(20), timeout: .seconds(50), now: self.start)
        #expect(keepAlive.nextDeadline == self.at(20))
        #expect(keepAlive.check(at: self.at(19)) == .wait)
        #expect(keepAlive.check(at: self.at(20)) == .ping)
        #expect(keepAlive.nextDeadline == self.at(40))
        #expect(keepAlive.check(at: self.at(40)) == .ping)
        #expect(keepAlive.nextDeadline == self.at(50))
        #expect(keepAlive.check(at: self.at(50)) == .giveUp)
    }

    @Test("any byte starts the silence anew")
    func received() {
        var keepAlive = KeepAlive(pingInterval: .seconds(20), timeout: .seconds(50), now: self.start)
        keepAlive.received(at: self.at(15))
        #expect(keepAlive.check(at: self.at(20)) == .wait)
        #expect(keepAlive.nextDeadline == self.at(35))
        #expect(keepAlive.check(at: self.at(35)) == .ping)
        keepAlive.received(at: self.at(36))
        #expect(keepAlive.check(at: self.at(85)) == .ping)
        #expect(keepAlive.check(at: self.at(86)) == .giveUp)
    }

    @Test("while we don't read, silence means nothing")
    func suspended() {
        var keepAlive = KeepAlive(pingInterval: .seconds(20), timeout: .seconds(50), now: self.start)
        keepAlive.suspend()
        #expect(keepAlive.check(at: self.at(500)) == .ping)
        #expect(keepAlive.nextDeadline == self.at(520))
        keepAlive.resume(at: self.at(510))
        #expect(keepAlive.nextDeadline == self.at(530))
        #expect(keepAlive.check(at: self.at(559)) == .ping)
        #expect(keepAlive.check(at: self.at(560)) == .giveUp)
    }

    @Test("without an interval there is no ping, without a timeout no end, without both no deadline")
    func off() {
        var onlyTimeout = KeepAlive(pingInterval: nil, timeout: .seconds(5), now: self.start)
        #expect(onlyTimeout.nextDeadline == self.at(5))
        #expect(onlyTimeout.check(at: self.at(4)) == .wait)
        #expect(onlyTimeout.check(at: self.at(5)) == .giveUp)
        var onlyPing = KeepAlive(pingInterval: .seconds(5), timeout: nil, now: self.start)
        #expect(onlyPing.check(at: self.at(5000)) == .ping)
        #expect(KeepAlive(pingInterval: nil, timeout: nil, now: self.start).nextDeadline == nil)
    }
}
