import NIOCore
import NIOEmbedded
import Testing

@testable import WebSocket

/// Notes when it was called; `on` may act on it.
private final class Client: TimerWheelClient {
    var timerPlace: TimerWheel.Place?
    private(set) var calls = 0
    var on: () -> Void = {}

    func timerFired() {
        calls += 1
        on()
    }
}

@Suite("The timer wheel keeps the deadlines of many")
struct TimerWheelTests {
    private let loop = EmbeddedEventLoop()
    private let wheel: TimerWheel

    init() {
        wheel = TimerWheel(loop: loop)
    }

    @Test("a client is called once, when its deadline has passed and at most the resolution later")
    func once() {
        let client = Client()
        wheel.set(client, at: loop.now + .milliseconds(120))
        loop.advanceTime(by: .milliseconds(119))
        #expect(client.calls == 0)
        loop.advanceTime(by: .milliseconds(1) + TimerWheel.resolution)
        #expect(client.calls == 1)
        #expect(client.timerPlace == nil)
        loop.advanceTime(by: .hours(1))
        #expect(client.calls == 1)
    }

    @Test("each of many is called at its own time, whatever the order in which they were set")
    func many() {
        let clients = (0..<1000).map { _ in Client() }
        for (index, client) in clients.enumerated() {
            wheel.set(client, at: loop.now + .seconds(Int64(index * 7919 % 100)) + .seconds(1))
        }
        for second in 1...100 {
            loop.advanceTime(by: .seconds(1))
            #expect(clients.reduce(0) { $0 + $1.calls } == second * 10)
        }
    }

    @Test("a later setting replaces an earlier one, and an earlier one a later")
    func replaced() {
        let client = Client()
        wheel.set(client, at: loop.now + .seconds(1))
        wheel.set(client, at: loop.now + .seconds(5))
        loop.advanceTime(by: .seconds(4))
        #expect(client.calls == 0)
        wheel.set(client, at: loop.now + .milliseconds(500))
        loop.advanceTime(by: .milliseconds(500))
        #expect(client.calls == 1)
        loop.advanceTime(by: .seconds(10))
        #expect(client.calls == 1)
    }

    @Test("who cancels is not called, and the others are")
    func cancelled() {
        let clients = (0..<100).map { _ in Client() }
        for client in clients { wheel.set(client, at: loop.now + .seconds(1)) }
        for (index, client) in clients.enumerated() where index % 3 != 0 { wheel.cancel(client) }
        wheel.cancel(clients[1])
        loop.advanceTime(by: .seconds(2))
        for (index, client) in clients.enumerated() { #expect(client.calls == (index % 3 == 0 ? 1 : 0)) }
    }

    @Test("a client may set its next deadline, and cancel another's of the same moment, while it is called")
    func reentrant() {
        let (first, second, third) = (Client(), Client(), Client())
        first.on = { [wheel, loop] in
            wheel.cancel(second)
            wheel.set(third, at: loop.now + .seconds(3))
            if first.calls < 3 { wheel.set(first, at: loop.now) }
        }
        for client in [first, second, third] { wheel.set(client, at: loop.now + .seconds(1)) }
        loop.advanceTime(by: .seconds(2))
        #expect([first.calls, second.calls, third.calls] == [3, 0, 0])
        loop.advanceTime(by: .seconds(3))
        #expect([first.calls, second.calls, third.calls] == [3, 0, 1])
    }

    @Test("nobody is held once nothing is set for them")
    func released() {
        weak var gone: Client?
        do {
            let client = Client()
            gone = client
            wheel.set(client, at: loop.now + .hours(1))
            wheel.cancel(client)
        }
        #expect(gone == nil)
    }

    @Test("a deadline as far away as there is does no harm")
    func distant() {
        let client = Client()
        wheel.set(client, at: .distantFuture)
        loop.advanceTime(by: .hours(1000))
        #expect(client.calls == 0)
        wheel.cancel(client)
    }
}
