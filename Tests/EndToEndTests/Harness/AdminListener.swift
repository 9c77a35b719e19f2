import Testing

/// The admin listener of a bridge whose configuration has ``setting``.
struct AdminListener: Sendable {
    /// A member of the configuration.
    static let setting = #""admin": { "host": "127.0.0.1", "port": 0 },"#

    let address: String

    /// Once for each bridge: its address stands in a ready line.
    init(of bridge: BridgeUnderTest) async throws {
        address = try await bridge.admin()
    }

    /// All samples of `/metrics`, by name and labels as they are written there, without the prefix.
    func metrics() async throws -> [String: Double] {
        let text = try await Curl(address + "/metrics").text
        var samples: [String: Double] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let space = try #require(line.lastIndex(of: " "))
            let name = try #require(line.hasPrefix("pushbridge_") ? line[..<space].dropFirst(11) : nil)
            let value = try #require(Double(line[line.index(after: space)...]))
            samples[String(name)] = value
        }
        return samples
    }

    /// Waits until a sample has this value; a sample that is not there counts as 0.
    func awaits(_ name: String, _ value: Double) async throws {
        var last = 0.0
        try await eventually("\(name) \(value)", seen: { "\(last)" }) {
            last = try await metrics()[name] ?? 0
            return last == value
        }
    }

    /// The entry of a topic in `/topics`.
    func topic(_ name: String) async throws -> JSON? {
        try await Curl(address + "/topics").json().items?.first { $0["topic"] == .string(name) }
    }

    /// Has a topic polled at once.
    func poke(_ topic: String) async throws {
        #expect(try await Curl(address + "/poke?topic=\(topic)", "-X", "POST").status == 202)
    }
}
