import Topics

/// The way from a client's message to the HTTP endpoint that a route names.
package struct SendFunction: Sendable {
    /// Whether the endpoint takes JSON; to another, a message that is a JSON string is sent as what the string says.
    package let takesJSON: Bool
    /// Sends one body for the topic that a request means. Called off the event loops.
    package let call: @Sendable (_ request: TopicRequest, _ body: [UInt8]) async -> Result<SendAnswer, SourceFailure>

    /// - Parameters:
    ///   - takesJSON: whether the endpoint takes JSON.
    ///   - call: sends one body; called off the event loops.
    package init(
        takesJSON: Bool,
        call: @escaping @Sendable (_ request: TopicRequest, _ body: [UInt8]) async -> Result<SendAnswer, SourceFailure>
    ) {
        self.takesJSON = takesJSON
        self.call = call
    }
}
