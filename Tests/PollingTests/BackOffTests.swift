import Testing

@testable import Polling

@Suite("Back-off")
struct BackOffTests {
    private func waits(_ interval: Double, _ count: Int, jitter: Double = 0.5) -> [Double] {
        var backOff = BackOff()
        return (0..<count).map { _ in
            (backOff.failed(interval: Nanoseconds(interval * 1e9), jitter: jitter).seconds * 1000).rounded() / 1000
        }
    }

    @Test("begins with one interval, doubles, and ends at the cap")
    func doubles() {
        #expect(waits(2, 6) == [2, 4, 8, 16, 16, 16])
    }

    @Test("the cap is at least five seconds, at most thirty, and never below the interval")
    func cap() {
        #expect(waits(0.1, 9).last == 5)
        #expect(waits(10, 4) == [10, 20, 30, 30])
        #expect(waits(120, 3) == [120, 120, 120])
    }

    @Test("jitter spreads a wait by a fifth either way")
    func jitter() {
        #expect(waits(2, 1, jitter: 0) == [1.6])
        #expect(waits(2, 1, jitter: 1) == [2.4])
    }

    @Test("a good answer ends it")
    func success() {
        var backOff = BackOff()
        for _ in 0..<5 { _ = backOff.failed(interval: .second, jitter: 0.5) }
        backOff.succeeded()
        #expect(backOff.failures == 0)
        #expect(backOff.failed(interval: .second, jitter: 0.5) == .second)
    }

    @Test("does not overflow after a thousand failures or with the longest interval")
    func extremes() {
        #expect(waits(2, 1000).last == 16)
        var backOff = BackOff()
        for _ in 0..<100 { #expect(backOff.failed(interval: .longest, jitter: 1) <= .longest) }
    }
}
