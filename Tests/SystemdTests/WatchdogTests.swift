import Synchronization
import Testing

@testable import Systemd

@Suite("The watchdog")
struct WatchdogTests {
    @Test("it is told of life twice in the time that it waits")
    func interval() {
        let watchdog = Watchdog(environment: ["WATCHDOG_USEC": "3000000"], processIdentifier: 7)
        #expect(watchdog?.interval == .milliseconds(1500))
    }

    @Test("there is none where none is set, or where it watches another process")
    func none() {
        #expect(Watchdog(environment: [:], processIdentifier: 7) == nil)
        for text in ["", "0", "-5", "soon"] {
            #expect(Watchdog(environment: ["WATCHDOG_USEC": text], processIdentifier: 7) == nil)
        }
        let other = ["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "8"]
        #expect(Watchdog(environment: other, processIdentifier: 7) == nil)
        #expect(Watchdog(environment: other, processIdentifier: 8) != nil)
    }

    @Test("it is told of life after each pulse, and of nothing while a pulse does not come back")
    func pulse() async throws {
        let watchdog = try #require(Watchdog(environment: ["WATCHDOG_USEC": "2000"], processIdentifier: 7))
        let (pulses, pings) = (Counter(), Counter())
        let (stuck, letGo) = AsyncStream.makeStream(of: Void.self)
        let (reached, isStuck) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            await watchdog.run {
                if pulses.next() == 3 {
                    isStuck.finish()
                    for await _ in stuck {}
                }
            } ping: {
                _ = pings.next()
            }
        }
        for await _ in reached {}
        // Many times the interval: none may come.
        try await Task.sleep(for: .milliseconds(100))
        #expect(pings.value == 2)
        letGo.finish()
        while pings.value < 4 { try await Task.sleep(for: .milliseconds(1)) }
        task.cancel()
        await task.value
        #expect(pings.value == pulses.value)
    }
}

private final class Counter: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}
