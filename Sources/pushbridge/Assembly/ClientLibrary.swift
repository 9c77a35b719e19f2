import Gateway

extension GatewayRoute {
    /// `/pushbridge.js`: the client for pages, which is part of the program. A configured route with that path comes first.
    static var clientLibrary: GatewayRoute {
        GatewayRoute(
            pattern: RoutePattern(text: "/pushbridge.js", segments: [.literal("pushbridge.js")]),
            // It says nothing that is not public.
            origins: .any,
            service: .files(FilesService(embedded: ["pushbridge.js": PackageResources.pushbridge_js]))
        )
    }
}
