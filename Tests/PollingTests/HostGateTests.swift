import Testing

@testable import Polling

@Suite("The gate of a host")
struct HostGateTests {
    private func admitAll(_ gate: inout HostGate, _ now: Moment) -> [Int] {
        var admitted: [Int] = []
        while case .ticket(let ticket) = gate.admit(now: now, isWanted: { _ in true }) { admitted.append(ticket) }
        return admitted
    }

    @Test("lets as many through as there are places, first come, first served")
    func places() {
        var gate = HostGate(connections: 3, requestsPerSecond: nil, now: at(0))
        for ticket in 1...7 { gate.enqueue(ticket) }
        #expect(admitAll(&gate, at(0)) == [1, 2, 3])
        #expect(gate.waiting == 4)
        #expect(gate.finished(reached: true).isEmpty)
        #expect(admitAll(&gate, at(0)) == [4])
        gate.abandoned()
        #expect(admitAll(&gate, at(0)) == [5])
        #expect(gate.inFlight == 3)
    }

    @Test("a ticket that nobody wants any more takes no place")
    func withdrawn() {
        var gate = HostGate(connections: 1, requestsPerSecond: nil, now: at(0))
        for ticket in 1...3 { gate.enqueue(ticket) }
        #expect(gate.admit(now: at(0)) { $0 == 3 } == .ticket(3))
        #expect(gate.waiting == 0)
    }

    @Test("keeps the rate over ten seconds, and begins with a tenth of a second's worth")
    func rate() {
        var gate = HostGate(connections: 1000, requestsPerSecond: 50, now: at(0))
        for ticket in 0..<1000 { gate.enqueue(ticket) }
        var now = at(0)
        var admitted = 0
        var firstBurst = 0
        while now < at(10) {
            switch gate.admit(now: now, isWanted: { _ in true }) {
            case .ticket:
                admitted += 1
                if now == at(0) { firstBurst += 1 }
                _ = gate.finished(reached: true)
            case .wait(let until):
                #expect(until > now)
                now = until
            case .none:
                Issue.record("all were admitted")
                return
            }
        }
        #expect(firstBurst == 5)
        #expect((500...506).contains(admitted))
    }

    @Test("a rate below one a second still lets one through at once")
    func slowRate() {
        var gate = HostGate(connections: 9, requestsPerSecond: 0.5, now: at(0))
        gate.enqueue(1)
        gate.enqueue(2)
        #expect(gate.admit(now: at(0)) { _ in true } == .ticket(1))
        #expect(gate.admit(now: at(0)) { _ in true } == .wait(until: at(2)))
        #expect(gate.admit(now: at(2)) { _ in true } == .ticket(2))
    }

    @Test("a redirect's further request is charged to those that come after it")
    func followUp() {
        var gate = HostGate(connections: 9, requestsPerSecond: 1, now: at(0))
        gate.enqueue(1)
        gate.enqueue(2)
        #expect(gate.admit(now: at(0)) { _ in true } == .ticket(1))
        gate.chargeFollowUp(now: at(0))
        #expect(gate.admit(now: at(0)) { _ in true } == .wait(until: at(2)))
    }

    @Test("after three requests that reached nothing, what waits fails too, and one probe at a time goes through")
    func down() {
        var gate = HostGate(connections: 3, requestsPerSecond: nil, now: at(0))
        for ticket in 1...5 { gate.enqueue(ticket) }
        #expect(admitAll(&gate, at(0)) == [1, 2, 3])
        #expect(gate.finished(reached: false).isEmpty)
        #expect(gate.finished(reached: false).isEmpty)
        #expect(gate.finished(reached: false) == [4, 5])
        #expect(gate.isDown)
        for ticket in 6...8 { gate.enqueue(ticket) }
        #expect(admitAll(&gate, at(1)) == [6])
        #expect(gate.finished(reached: false) == [7, 8])
        for ticket in 9...11 { gate.enqueue(ticket) }
        #expect(admitAll(&gate, at(2)) == [9])
        #expect(gate.finished(reached: true).isEmpty)
        #expect(!gate.isDown)
        #expect(admitAll(&gate, at(2)) == [10, 11])
    }

    @Test("the queue does not grow with what has passed through it")
    func compaction() {
        var gate = HostGate(connections: 1, requestsPerSecond: nil, now: at(0))
        gate.enqueue(0)
        for ticket in 1...100_000 {
            gate.enqueue(ticket)
            #expect(gate.admit(now: at(0)) { _ in true } == .ticket(ticket - 1))
            _ = gate.finished(reached: true)
        }
        #expect(gate.waiting == 1)
    }
}

@Suite("The alarm queue")
struct AlarmQueueTests {
    @Test("rings in the order of the deadlines, and nothing early")
    func order() {
        var queue = AlarmQueue<Int>()
        var generator = SystemRandomNumberGenerator()
        let deadlines = (0..<500).map { _ in Int.random(in: 0..<1000, using: &generator) }
        for deadline in deadlines { queue.add(deadline, due: at(Double(deadline))) }
        #expect(queue.next(now: at(-1)) == nil)
        var rung: [Int] = []
        while let alarm = queue.next(now: at(500)) { rung.append(alarm) }
        #expect(rung == deadlines.filter { $0 <= 500 }.sorted())
        queue.compact { alarm, due in alarm % 2 == 0 && due > at(600) }
        rung = []
        while let alarm = queue.next(now: at(5000)) { rung.append(alarm) }
        #expect(rung == deadlines.filter { $0 > 600 && $0 % 2 == 0 }.sorted())
    }
}
