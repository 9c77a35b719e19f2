/// An HTTP request that a decision needs: for a key set, or to ask another server.
package struct AccessFetch: Sendable {
    package let url: String
    package let headers: [(name: String, value: String)]
    package let timeout: Duration
    /// The most that is read of the answer, in bytes; a longer one is a failure.
    package let maximumBody: Int

    /// Fetches; a redirect is an answer like any other, and is not followed. The error thrown goes to the log.
    package typealias Function = @Sendable (AccessFetch) async throws -> AccessAnswer
}

/// What it was answered.
package struct AccessAnswer: Sendable {
    package let status: Int
    package let headers: [(name: String, value: String)]
    package let body: [UInt8]

    package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first value of a header, by a name in lower case.
    func value(of name: String) -> String? {
        headers.first { $0.name.lowercased() == name }?.value
    }

    /// How long it may be used again, by its `Cache-Control` (RFC 9111 section 5.2.2); nil where that does not say.
    var lifetime: Duration? {
        let directives: [String] = headers.filter { $0.name.lowercased() == "cache-control" }
            .flatMap { $0.value.lowercased().split(separator: ",") }
            .map { $0.trimmingASCIISpace() }
        if directives.contains("no-store") || directives.contains("no-cache") { return .zero }
        let age = directives.lazy.compactMap { directive -> Int? in
            guard directive.hasPrefix("max-age=") else { return nil }
            return Int(directive.dropFirst("max-age=".count).filter { $0 != "\"" })
        }.first
        return age.map { .seconds(min(max($0, 0), 86_400)) }
    }
}
