import NIOCore
import Testing

@testable import LoadGenerator

@Suite("What a load run measures")
struct LoadMeasuringTests {
    private func time(_ nanoseconds: UInt64) -> NIODeadline { .uptimeNanoseconds(nanoseconds) }

    @Test("a message that could not be sent in time keeps the time when it was due")
    func schedule() throws {
        var schedule = SendingSchedule(rate: 1000, start: time(0))
        #expect(schedule.takeDue(time(0)) == nil || schedule.takeDue(time(0)) == nil)
        let late = time(10_000_000)
        var due: [NIODeadline] = []
        while let next = schedule.takeDue(late) { due.append(next) }
        #expect((9...10).contains(due.count))
        #expect(zip(due, due.dropFirst()).allSatisfy { $1 - $0 == .milliseconds(1) })
        #expect(schedule.wakeUp(late) > late)
    }

    @Test("a stamp is read from its own run's messages alone, whatever their size", arguments: [0, 60, 1000])
    func stamp(size: Int) {
        let stamp = Stamp(run: 1, size: size)
        let message = stamp.message(due: time(123_456_789))
        #expect(message.readableBytes == max(size, message.readableBytes))
        if size >= 60 { #expect(message.readableBytes == size) }
        #expect(stamp.due(message) == time(123_456_789))
        #expect(Stamp(run: 2, size: size).due(message) == nil)
        #expect(stamp.due(ByteBuffer(string: #"{"bench":"1","sent":x"#)) == nil)
        #expect(stamp.due(ByteBuffer()) == nil)
    }

    @Test("the first arrival counts for all connections, and a message that comes back is a new one")
    func arrivals() {
        let shared = Arrivals()
        let (one, other) = (LoopArrivals(shared), LoopArrivals(shared))
        let message = ByteBuffer(string: "a message").digest
        let first = one.first(of: message, after: 0, now: time(10))
        #expect(other.first(of: message, after: 0, now: time(15)).time == time(10))
        let between = one.first(of: ByteBuffer(string: "another").digest, after: first.number, now: time(20))
        let again = one.first(of: message, after: between.number, now: time(30))
        #expect(again.time == time(30))
        #expect(other.first(of: message, after: between.number, now: time(31)).time == time(30))
    }

    @Test("digests differ where a single byte does, in every place")
    func digests() {
        let bytes = [UInt8](repeating: 7, count: 21)
        let all = bytes.indices.map { index -> UInt64 in
            var changed = bytes
            changed[index] = 8
            return ByteBuffer(bytes: changed).digest
        }
        #expect(Set(all + [ByteBuffer(bytes: bytes).digest]).count == bytes.count + 1)
    }

    @Test("the load side says when it is the bottleneck, and why")
    func bottleneck() {
        func reasons(_ cores: Double, _ machine: Double?, lag: UInt64 = 0) -> String {
            LoadSide.bottlenecks(cores: cores, available: 2, machine: machine, lag: lag).joined(separator: "; ")
        }
        #expect(reasons(0.5, 0.5) == "")
        #expect(reasons(0.1, 1) == "", "others' work is no fault of ours while we are on time")
        #expect(reasons(1.9, nil) == "it uses 95 % of the 2 cores that it can")
        #expect(reasons(0.8, 0.97) == "this machine's processors are 97 % busy, 40 % with sending and receiving")
        #expect(reasons(0.1, 0.5, lag: 30_000_000) == "its event loops are up to 30 ms late")
        #expect(reasons(0.1, 1, lag: 30_000_000).hasSuffix("this machine has no processor time left"))
    }
}
