import Foundation
import Gateway

extension GatewayRoute {
    /// The pages of `examples/demo`, which are part of the program so that the demo needs no file.
    ///
    /// - Parameter legacy: where the legacy API is, for the client on the page that polls it.
    static func demoPages(legacy: String, leagues: [String]) -> GatewayRoute {
        var files: [String: [UInt8]] = [
            "back-off.js": PackageResources.back_off_js,
            "demo.css": PackageResources.demo_css,
            "demo.js": PackageResources.demo_js,
            "icon.svg": PackageResources.icon_svg,
            "index.html": PackageResources.index_html,
            "json-patch.js": PackageResources.json_patch_js,
            "line-log.js": PackageResources.line_log_js,
            "measure.js": PackageResources.measure_js,
            "poll-client.js": PackageResources.poll_client_js,
            "push-client.js": PackageResources.push_client_js,
            "scoreboard.js": PackageResources.scoreboard_js,
            "talk.js": PackageResources.talk_js,
        ]
        // Encoding strings cannot fail; without the file the page falls back to the legacy API's usual port.
        files["demo.json"] = (try? JSONEncoder().encode(DemoInformation(legacy: legacy, leagues: leagues))).map {
            Array($0)
        }
        return GatewayRoute(
            pattern: RoutePattern(text: "/", segments: []),
            origins: .sameOrigin,
            service: .files(FilesService(embedded: files))
        )
    }
}

/// What the page asks for as `/demo.json`.
private struct DemoInformation: Encodable {
    let legacy: String
    let leagues: [String]
}
