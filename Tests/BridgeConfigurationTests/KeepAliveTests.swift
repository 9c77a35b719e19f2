import Testing

@testable import BridgeConfiguration

@Suite("Pings and their time-out")
struct KeepAliveTests {
    private func keepAlive(_ members: String) throws -> KeepAlive {
        let route = #"{ "path": "/a", "channel": {} }"#
        return try Golden.parse(#"{ "keepAlive": { \#(members) }, "routes": [\#(route)] }"#).keepAlive
    }

    @Test("what is not written gives way to what is")
    func oneSide() throws {
        let (standard, short) = (try keepAlive(""), try keepAlive(#""timeout": "2s""#))
        #expect(standard.ping == .seconds(30) && standard.timeout == .seconds(60))
        #expect(short.ping == .seconds(1) && short.timeout == .seconds(2))
        let (long, rare) = (try keepAlive(#""timeout": "10m""#), try keepAlive(#""ping": "5m""#))
        #expect(long.ping == .seconds(30) && long.timeout == .seconds(600))
        #expect(rare.ping == .seconds(300) && rare.timeout == .seconds(600))
    }

    @Test("clients would be closed before they can answer where both are written so")
    func tooLate() {
        for members in [#""ping": "60s", "timeout": "60s""#, #""ping": "2m", "timeout": "60s""#] {
            #expect(throws: ConfigurationErrors.self) { try keepAlive(members) }
        }
    }
}
