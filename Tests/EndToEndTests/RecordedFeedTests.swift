import Foundation
import Testing

@Suite("Recorded real feeds through the bridge")
struct RecordedFeedTests {
    private static let feedsAreThere = FileManager.default.fileExists(atPath: Places.feeds.path())

    @Test(
        "each document that the patches make is the upstream's, by an independent library",
        .enabled(if: feedsAreThere, "the recordings in ../shared/feeds are not here"),
        arguments: [
            ("enduro-live", #""keys": {"/riders": "id", "/timing": "id"}"#),
            ("apifootball-live", #""keys": {"/fixtures": "id"}, "ignore": ["/updatedAt"]"#),
            ("apifootball-live", ""),
        ]
    )
    func play(feed: String, options: String) async throws {
        let upstream = try await LegacyUpstream(.json("{}"))
        upstream.answer { [weak upstream] request in
            // The script sets the document with a POST.
            if request.method == "POST" { upstream?.replaceDocument(request.body) }
            return .json(upstream?.document ?? "")
        }
        let settings = #""upstream": { "requestsPerSecond": 1000 },"#
        try await withBridge(pollRoute(upstream, interval: "20ms", options), settings: settings) { bridge in
            let folder = Places.feeds.appending(path: feed).path()
            let ignored = options.contains("updatedAt") ? ["--ignore", "updatedAt"] : []
            let script = try await Script(
                "feed.py",
                [bridge.webSocketURL("/scores/x"), upstream.url("/set"), folder] + ignored
            )
            #expect(script.output.contains("patches"))
        }
    }
}
