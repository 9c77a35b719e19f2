import NIOHTTP1

/// A refused or failed request, answered as `application/problem+json` (RFC 9457).
struct Problem: Error {
    let status: HTTPResponseStatus
    /// What went wrong and what to do, for a person.
    let detail: String
    var headers: HTTPHeaders = [:]

    static let notFound = Problem(
        status: .notFound,
        detail: "no route has this path: see \"routes\" in the bridge's configuration"
    )

    static let bodyTooLarge = Problem(
        status: .payloadTooLarge,
        detail: "no route takes a request body of this size"
    )

    static func badRequest(_ detail: String) -> Problem { Problem(status: .badRequest, detail: detail) }

    static func methodNotAllowed(allow: String) -> Problem {
        Problem(
            status: .methodNotAllowed,
            detail: "this path answers \(allow)",
            headers: ["Allow": allow]
        )
    }

    static func unavailable(_ detail: String) -> Problem {
        // Whoever was refused together should not come back together.
        Problem(
            status: .serviceUnavailable,
            detail: detail,
            headers: ["Retry-After": String(Int.random(in: 3...8))]
        )
    }
}
