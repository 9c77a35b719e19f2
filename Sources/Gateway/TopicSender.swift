import NIOCore
import Topics

/// Carries a client's messages to the upstream of its topic, one at a time and in order, and has the topic looked at
/// after each. Belongs to one event loop.
final class TopicSender {
    private let request: TopicRequest
    private let function: SendFunction
    private let topic: Topic
    private let loop: any EventLoop
    private let allowance: SendAllowance
    private var queue: [(body: [UInt8], completion: (Result<SendAnswer, SourceFailure>) -> Void)] = []
    private var isSending = false

    /// - Parameters:
    ///   - request: whose topic it is.
    ///   - function: the way to the endpoint.
    ///   - topic: looked at after each message.
    ///   - allowance: of the client's connection.
    ///   - loop: the connection's.
    init(
        request: TopicRequest,
        function: SendFunction,
        topic: Topic,
        allowance: SendAllowance,
        loop: any EventLoop
    ) {
        self.request = request
        self.function = function
        self.topic = topic
        self.allowance = allowance
        self.loop = loop
    }

    /// Whether messages are on their way.
    var isBusy: Bool { !queue.isEmpty }

    /// The body of a request that carries this message.
    func body(of data: Version1Message.Data) -> [UInt8] {
        guard !function.takesJSON, let text = data.text else { return data.json }
        return Array(text.utf8)
    }

    /// - Returns: false where too many messages wait already.
    @discardableResult
    func send(_ body: [UInt8], completion: @escaping (Result<SendAnswer, SourceFailure>) -> Void) -> Bool {
        guard allowance.take(body.count) else { return false }
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
        let message = queue.removeFirst()
        allowance.giveBack(message.body.count)
        message.completion(result)
        sendNext()
    }
}
