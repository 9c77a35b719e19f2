@testable import BridgeConfiguration

/// A file is accepted, or refused with a sentence for each mistake.
enum ConfigurationProperties {
    static func check(_ bytes: [UInt8]) throws(PropertyViolation) {
        let first = verdict(bytes)
        try require(!first.isEmpty, "refused without a word")
        try require(verdict(bytes) == first, "the same file is judged differently the second time")
    }

    private static func verdict(_ bytes: [UInt8]) -> String {
        do throws(ConfigurationErrors) {
            let environment = ["A": "x", "PORT": "80"]
            _ = try BridgeConfiguration.parse(bytes, fileName: "f", environment: environment, baseDirectory: "/none")
            return "accepted"
        } catch {
            return error.errors.isEmpty ? "" : error.description
        }
    }
}
