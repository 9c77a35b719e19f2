import Testing

@testable import Gateway

@Suite("When connections expire")
struct ExpiryCalendarTests {
    private final class Connection {}

    @Test("each is due at its second, rounded up, once")
    func due() {
        let (first, second) = (Connection(), Connection())
        var calendar = ExpiryCalendar()
        calendar.add(ObjectIdentifier(first), at: 5_001)
        calendar.add(ObjectIdentifier(second), at: 7_000)
        #expect(calendar.due(at: 5_999).isEmpty)
        #expect(calendar.due(at: 6_000) == [ObjectIdentifier(first)])
        #expect(calendar.due(at: 6_500).isEmpty)
        #expect(calendar.due(at: 100_000_000) == [ObjectIdentifier(second)])
        #expect(calendar.isEmpty)
    }

    @Test("of several times of one connection the first counts, and who has gone is not due")
    func several() {
        let (first, second) = (Connection(), Connection())
        var calendar = ExpiryCalendar()
        calendar.add(ObjectIdentifier(first), at: 9_000)
        calendar.add(ObjectIdentifier(first), at: 4_000)
        calendar.add(ObjectIdentifier(first), at: 8_000)
        calendar.add(ObjectIdentifier(second), at: 4_000)
        calendar.remove(ObjectIdentifier(second))
        #expect(calendar.due(at: 4_000) == [ObjectIdentifier(first)])
        #expect(calendar.due(at: 10_000).isEmpty)
        #expect(calendar.isEmpty)
    }

    @Test("a time that has passed already is due at the next look")
    func past() {
        let (first, second) = (Connection(), Connection())
        var calendar = ExpiryCalendar()
        calendar.add(ObjectIdentifier(first), at: 10_000)
        #expect(calendar.due(at: 20_000) == [ObjectIdentifier(first)])
        calendar.add(ObjectIdentifier(second), at: 1)
        #expect(calendar.due(at: 21_000) == [ObjectIdentifier(second)])
    }
}
