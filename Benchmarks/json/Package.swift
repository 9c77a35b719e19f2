// swift-tools-version: 6.0
import PackageDescription

// Measures the JSON room by itself: scripts/benchmark builds and runs this. A package of its own, so that the bridge's builds do
// not carry it; its source of JSONDelta is a link to the bridge's.
let package = Package(
    name: "pushbridge-json-benchmark",
    targets: [
        .target(name: "JSONDelta"),
        .executableTarget(name: "json", dependencies: ["JSONDelta"]),
    ],
    swiftLanguageModes: [.v6]
)
