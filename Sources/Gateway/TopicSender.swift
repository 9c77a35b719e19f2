import NIOCore
import Topics

/// What an upstream answered to a message of a client.
package struct SendAnswer: Sendable {
    package let status: Int
    /// The body where it is JSON.
    package let json: [UInt8]?

    package init(status: Int, json: [UInt8]?) {
        self.status = status
        self.json = json
    }
}

/// The way from a client's message to the HTTP endpoint that a route names.
package struct SendFunction: Sendable {
    /// Whether the endpoint takes JSON; to another, a message that is a JSON string is sent as what the string says.
    package let takesJSON: Bool
    package let call: @Sendable (_ request: TopicRequest, _ body: [UInt8]) async -> Result<SendAnswer, SourceFailure>

    package init(
        takesJSON: Bool,
        call: @escaping @Sendable (_ request: TopicRequest, _ body: [UInt8]) async -> Result<SendAnswer, SourceFailure>
    ) {
        self.takesJSON = takesJSON
        self.call = call
    }
}

/// Carries a client's messages to the upstream of its topic, one at a time and in order, and has the topic looked at
/// after each. Belongs to one event loop.
final class TopicSender {
    private let request: TopicRequest
    private let function: SendFunction
    private let topic: Topic
    private let loop: any EventLoop
    private var queue: [(body: [UInt8], completion: (Result<SendAnswer, SourceFailure>) -> Void)] = []
    private var isSending = false

    /// Messages that may wait for a slow upstream, for one client.
    private static let maximumQueue = 64

    init(request: TopicRequest, function: SendFunction, topic: Topic, loop: any EventLoop) {
        self.request = request
        self.function = function
        self.topic = topic
        self.loop = loop
    }

    /// The body of a request that carries this message.
    func body(of data: Version1Message.Data) -> [UInt8] {
        guard !function.takesJSON, let text = data.text else { return data.json }
        return Array(text.utf8)
    }

    /// - Returns: false where too many messages wait already.
    @discardableResult
    func send(_ body: [UInt8], completion: @escaping (Result<SendAnswer, SourceFailure>) -> Void) -> Bool {
        guard queue.count < Self.maximumQueue else { return false }
        queue.append((body, completion))
        sendNext()
        return true
    }

    private func sendNext() {
        guard !isSending, let next = queue.first else { return }
        isSending = true
        let bound = NIOLoopBound(self, eventLoop: loop)
        let body = next.body
        Task { [function, request, topic, loop] in
            let result = await function.call(request, body)
            topic.refresh()
            loop.execute { bound.value.finished(result) }
        }
    }

    private func finished(_ result: Result<SendAnswer, SourceFailure>) {
        isSending = false
        queue.removeFirst().completion(result)
        sendNext()
    }
}
