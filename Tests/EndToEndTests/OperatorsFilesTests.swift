import Foundation
import Testing

@Suite("The operators' files")
struct OperatorsFilesTests {
    /// What a running bridge says of itself: the names of samples, and the names of labels.
    private func exposition() async throws -> (names: Set<String>, labels: Set<String>) {
        let upstream = try await LegacyUpstream(.json(#"{"a":1}"#))
        let backend = try await TCPBackend(.silent)
        let routes = [
            pollRoute(upstream), tunnelRoute(backend),
            #"{ "path": "/nowhere", "tunnel": { "to": "tcp://127.0.0.1:\#(Ports.next())" } }"#,
        ]
        var text = ""
        try await withBridge(routes.joined(separator: ","), settings: #""admin": { "port": 0 },"#) { bridge in
            let admin = try await bridge.admin()
            await #expect(throws: WebSocketClient.Refused.self) { try await bridge.webSocket("/nowhere") }
            let clients = [try await bridge.webSocket("/scores/a"), try await bridge.webSocket("/tunnel")]
            _ = try await clients[0].text()
            await #expect(throws: (any Error).self) { _ = try await Curl("https://127.0.0.1:\(bridge.port)/") }
            text = try await Curl(admin + "/metrics").text
        }
        let samples = text.matches(of: #/(?m)^(pushbridge_[a-z_]+)(?:\{(.*)\})? /#)
        let labels = samples.flatMap { ($0.output.2 ?? "").matches(of: /([a-z_]+)="/).map { String($0.output.1) } }
        // What Prometheus adds to every sample.
        return (Set(samples.map { String($0.output.1) }), Set(labels + ["instance", "job"]))
    }

    @Test("alerts and dashboard ask for metrics and labels that a running bridge has, and for nothing else")
    func metrics() async throws {
        let (names, labels) = try await exposition()
        for file in ["prometheus/alerts.yml", "grafana/dashboard.json"] {
            let text = try String(contentsOf: Places.package.appending(path: "packaging/\(file)"), encoding: .utf8)
            let asked = Set(text.matches(of: /pushbridge_[a-z_]+/).map { String($0.output) })
            #expect(asked.count > 4)
            #expect(asked.subtracting(names).isEmpty, "\(file)")
            let grouped = text.matches(of: /by \(([a-z_, ]+)\)/).flatMap { $0.output.1.split(separator: ", ") }
            let matched = text.matches(of: /[{,]([a-z_]+)=~?\\?"/).map(\.output.1)
            let shown = text.matches(of: /\{\{ ?(?:\$labels\.)?([a-z_]+) ?\}\}/).map(\.output.1)
            let used = Set((grouped + matched + shown).map(String.init))
            #expect(used.contains("route"))
            #expect(used.subtracting(labels).isEmpty, "\(file)")
        }
    }

    @Test(
        "the configurations that are installed are right",
        arguments: ["packaging/config.json", "packaging/docker/config.json"]
    )
    func configurations(name: String) async throws {
        // As if it were installed.
        let folder = try TemporaryFolder()
        let text = try String(contentsOf: Places.package.appending(path: name), encoding: .utf8)
        let welcome = Places.package.appending(path: "packaging/welcome").path()
        let file = try folder.write("config.json", text.replacing("/usr/share/pushbridge/welcome", with: welcome))
        let check = try await Run(Places.program, ["check", "--config", file.path()])
        #expect(check.ending == .exited(0), "\(check.errors)")
        #expect(text.contains("/usr/share/pushbridge/welcome"))
    }

    @Test("the package's version is the program's")
    func version() async throws {
        let changelog = try String(
            contentsOf: Places.package.appending(path: "packaging/debian/changelog"),
            encoding: .utf8
        )
        let version = try await Run(Places.program, ["--version"]).output.split(separator: "\n").first ?? "none"
        #expect(changelog.hasPrefix("pushbridge (\(version)) "))
    }
}
