/// Why a demo service could not be started.
package struct DemoServicesError: Error, CustomStringConvertible {
    /// Which service: `"legacy API"`, `"TCP echo"` or `"TCP chat"`.
    package let service: String
    /// The host it was to listen on.
    package let host: String
    /// The port it was to listen on.
    package let port: Int
    /// What the system said.
    package let reason: String

    /// One line for a person.
    package var description: String {
        "the demo's \(service) cannot listen on \(host):\(port): \(reason)"
    }
}
