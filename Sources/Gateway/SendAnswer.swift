/// What an upstream answered to a message of a client.
package struct SendAnswer: Sendable {
    /// The HTTP status.
    package let status: Int
    /// The body where it is JSON.
    package let json: [UInt8]?

    /// - Parameters:
    ///   - status: the HTTP status.
    ///   - json: the body where it is JSON.
    package init(status: Int, json: [UInt8]?) {
        self.status = status
        self.json = json
    }
}
