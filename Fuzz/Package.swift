// swift-tools-version: 6.0
import PackageDescription

// The rooms that read what strangers send, with libFuzzer around them: scripts/fuzz builds and runs this. A package of
// its own, because a sanitizer goes into everything that a package builds. Its sources are links to the bridge's.
let package = Package(
    name: "pushbridge-fuzz",
    dependencies: [
        // Buffers of the WebSocket target.
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        // SHA-1 of the WebSocket handshake.
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.0.0"),
    ],
    targets: [
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
        .systemLibrary(name: "CFuzzer"),
        .target(
            name: "WebSocket",
            dependencies: [
                "CZlib",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Crypto", package: "swift-crypto"),
            ]
        ),
        .target(name: "JSONDelta"),
        .target(name: "BridgeConfiguration", dependencies: ["CPCRE2"]),
        .target(name: "Properties", dependencies: ["BridgeConfiguration", "JSONDelta", "WebSocket"]),
        .executableTarget(name: "fuzz", dependencies: ["CFuzzer", "Properties"]),
    ],
    swiftLanguageModes: [.v6]
)
