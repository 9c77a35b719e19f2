// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "pushbridge",
    products: [
        .executable(name: "pushbridge", targets: ["pushbridge"]),
        .library(name: "PushbridgeClient", targets: ["PushbridgeClient"]),
    ],
    dependencies: [
        // Event loops, channels and HTTP/1.1 parsing: the ground that every connection stands on.
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
        // One logging interface for all rooms.
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
        // Subcommands, options, help texts and usage errors of the command line.
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.5.0"),
        // SHA-256 for version ids, SHA-1 for Sec-WebSocket-Accept.
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.0.0"),
        // Signals and ordered, bounded shutdown.
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.6.0"),
        // Static files (ranges, validators, media types), and the demo's legacy API.
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.20.0"),
        // HTTPRequest and HTTPFields, the request model of the static file responder.
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.3.0"),
        // TLS of listeners, of tunnel backends and of the client.
        .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.30.0"),
        // HTTP/2 towards clients: frames, header compression, flow control, stream channels.
        .package(url: "https://github.com/apple/swift-nio-http2.git", from: "1.45.0"),
        // JSON Web Tokens and the keys that sign them.
        .package(url: "https://github.com/vapor/jwt-kit.git", from: "5.1.0"),
        // HdrHistogram: percentiles of a load run that are right to the last one.
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift.git", from: "0.1.0"),
    ],
    targets: [
        // Not a system library: libcurl is looked for when the program runs.
        .target(name: "CCurl", linkerSettings: [.linkedLibrary("dl")]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CCrypt", pkgConfig: "libcrypt", providers: [.apt(["libcrypt-dev"])]),
        .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
        .systemLibrary(name: "CXML", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
        .target(
            name: "WebSocket",
            dependencies: [
                "CZlib",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Crypto", package: "swift-crypto"),
            ]
        ),
        .systemLibrary(name: "CURing", pkgConfig: "liburing", providers: [.apt(["liburing-dev"])]),
        // Apart from WebSocket, so that clients do without liburing.
        .target(
            name: "Broadcast",
            dependencies: ["CURing", "WebSocket", .product(name: "NIOCore", package: "swift-nio")]
        ),
        .target(name: "JSONDelta"),
        .target(name: "XMLConversion", dependencies: ["CXML", "JSONDelta"]),
        .target(
            name: "Polling",
            dependencies: ["CCurl", .product(name: "Logging", package: "swift-log")]
        ),
        .target(
            name: "Topics",
            dependencies: [
                "Broadcast", "JSONDelta", "WebSocket", "XMLConversion",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
        .target(name: "BridgeConfiguration", dependencies: ["CPCRE2"]),
        // What a service manager passes to a process, and wants to hear from it.
        .target(name: "Systemd"),
        .target(
            name: "Access",
            dependencies: [
                "CCrypt",
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "JWTKit", package: "jwt-kit"),
            ]
        ),
        // Apart from the command line, so that its tests need no network.
        .target(name: "Probing"),
        .target(
            name: "Gateway",
            dependencies: [
                "Access", "Broadcast", "JSONDelta", "Topics", "WebSocket",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ]
        ),
        .target(
            name: "DemoServices",
            dependencies: [
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Hummingbird", package: "hummingbird"),
            ]
        ),
        .target(
            name: "PushbridgeClient",
            dependencies: [
                "JSONDelta", "WebSocket",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
            ]
        ),
        // AsyncAPI from a configuration.
        .target(name: "APIDescription", dependencies: ["BridgeConfiguration"]),
        // Apart from the command line, so that what it measures is tested without a terminal.
        .target(
            name: "LoadGenerator",
            dependencies: [
                "PushbridgeClient", "WebSocket",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ]
        ),
        .executableTarget(
            name: "pushbridge",
            dependencies: [
                "APIDescription", "Access", "BridgeConfiguration", "DemoServices", "Gateway", "JSONDelta",
                "LoadGenerator", "Polling", "Probing", "PushbridgeClient", "Systemd", "Topics",
                "WebSocket",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            // The demo needs no file: a link to examples/demo.
            resources: [.embedInCode("Pages"), .embedInCode("pushbridge.js"), .embedInCode("dashboard.html")]
        ),
        .testTarget(
            name: "WebSocketTests",
            dependencies: [
                "CZlib", "WebSocket",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ]
        ),
        .testTarget(name: "SystemdTests", dependencies: ["Systemd"]),
        .testTarget(name: "ProbingTests", dependencies: ["Probing"]),
        .testTarget(name: "JSONDeltaTests", dependencies: ["JSONDelta"], resources: [.copy("Resources")]),
        .testTarget(name: "XMLConversionTests", dependencies: ["JSONDelta", "XMLConversion"]),
        .testTarget(
            name: "PollingTests",
            dependencies: [
                "Polling",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "TopicsTests",
            dependencies: [
                "Broadcast", "JSONDelta", "Topics", "WebSocket",
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "GatewayTests",
            dependencies: [
                "Gateway", "Topics", "WebSocket",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHPACK", package: "swift-nio-http2"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTP2", package: "swift-nio-http2"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "LoadGeneratorTests",
            dependencies: ["LoadGenerator", .product(name: "NIOCore", package: "swift-nio")]
        ),
        .testTarget(name: "PushbridgeClientTests", dependencies: ["PushbridgeClient"]),
        .testTarget(
            name: "DemoServicesTests",
            dependencies: [
                "DemoServices",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        .testTarget(
            name: "AccessTests",
            dependencies: ["Access", .product(name: "JWTKit", package: "jwt-kit")]
        ),
        .testTarget(
            name: "BridgeConfigurationTests",
            dependencies: ["BridgeConfiguration"],
            resources: [.copy("Resources")]
        ),
        // What `make fuzz` found, as tests; the package in Fuzz takes its properties from here.
        .testTarget(
            name: "FuzzTests",
            dependencies: [
                "BridgeConfiguration", "JSONDelta", "WebSocket",
                .product(name: "NIOCore", package: "swift-nio"),
            ],
            exclude: ["README.md"],
            resources: [.copy("Corpus")]
        ),
        .testTarget(
            name: "EndToEndTests",
            dependencies: [
                "PushbridgeClient",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            exclude: ["Node", "Python"]
        ),
    ],
    swiftLanguageModes: [.v6]
)
