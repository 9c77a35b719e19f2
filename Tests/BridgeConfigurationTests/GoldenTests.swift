import Testing

@testable import BridgeConfiguration

@Suite("Configurations and what they lead to")
struct GoldenTests {
    @Test("every wrong configuration reports all its errors with their places", arguments: Golden.names(in: "errors"))
    func errors(name: String) throws {
        let actual = Golden.errors(try Golden.configuration(name, in: "errors"))
        #expect(actual == (try Golden.expected(name, in: "errors", actual: actual)))
        #expect(!actual.hasPrefix("accepted"))
    }

    @Test("every right configuration gives the effective settings", arguments: Golden.names(in: "valid"))
    func valid(name: String) throws {
        let configuration = try Golden.parse(try Golden.configuration(name, in: "valid"))
        let actual = summary(of: configuration)
            .replacing(Golden.resources.path, with: "BASE")
        #expect(actual == (try Golden.expected(name, in: "valid", actual: actual)))
    }

    @Test("there are configurations to test")
    func present() {
        #expect(Golden.names(in: "errors").count >= 10)
        #expect(Golden.names(in: "valid").count >= 2)
    }
}
