import Testing

@testable import PushbridgeClient

@Suite("The wait before a client connects again")
struct ReconnectDelayTests {
    private let delay = ReconnectDelay()

    @Test("it doubles from half a second to half a minute, and half of it is drawn by chance")
    func growth() {
        #expect(delay.delay(after: 1006, attempt: 0, random: { 0 }) == .milliseconds(250))
        #expect(delay.delay(after: 1006, attempt: 0, random: { 1 }) == .milliseconds(500))
        #expect(delay.delay(after: nil, attempt: 3, random: { 1 }) == .seconds(4))
        #expect(delay.delay(after: nil, attempt: 100_000, random: { 1 }) == .seconds(30))
    }

    @Test("a bridge that is busy is left alone for longer, and one that stops is not met by all at once")
    func closeCodes() {
        #expect(delay.delay(after: 1013, attempt: 0, random: { 0 }) == .seconds(5))
        #expect(delay.delay(after: 1013, attempt: 0, random: { 1 }) == .seconds(10))
        #expect(delay.delay(after: 1001, attempt: 0, random: { 1 }) == .milliseconds(2500))
    }
}
