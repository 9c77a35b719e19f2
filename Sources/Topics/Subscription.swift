import NIOCore
import WebSocket

/// What a subscription writes to. Belongs to the subscription's event loop.
package protocol SubscriberSink: AnyObject {
    /// Whether the socket takes bytes now. When it turns true again, the sink's owner calls
    /// ``Subscription/sinkBecameReady()``.
    var isReady: Bool { get }
    /// The WebSocket that frames of a broadcast may be written to at once, instead of one after the other by
    /// ``deliver(_:)``; nil for other transports.
    var socket: WebSocketHandler? { get }
    /// Writes and flushes. Called only while ``isReady``, or for a few bytes of status.
    func deliver(_ delivery: Delivery)
}

extension SubscriberSink {
    /// None.
    package var socket: WebSocketHandler? { nil }
}

/// One subscriber of a topic, on one event loop.
package final class Subscription {
    let format: DeliveryFormat
    var position: SubscriptionPosition
    /// The place in the group, kept by the group so that leaving costs the same whatever its size.
    var indexInGroup = 0
    /// The number of the revision that a step is being made to, while one is.
    var goal = 0
    /// Whether there was news of the upstream that the socket could not take.
    var isOwedStatus = false
    /// Whether the group keeps the position, as that of all its members in step.
    var isInStep = false
    private(set) var sink: (any SubscriberSink)?
    private(set) weak var shard: TopicShard?

    init(format: DeliveryFormat, position: SubscriptionPosition, sink: any SubscriberSink, shard: TopicShard) {
        self.format = format
        self.position = position
        self.sink = sink
        self.shard = shard
    }

    /// The topic's newest version is wanted by a socket that takes bytes again.
    package func sinkBecameReady() {
        shard?.sinkBecameReady(self)
    }

    /// Ends the subscription; nothing is delivered after this. Harmless a second time.
    package func cancel() {
        guard sink != nil else { return }
        sink = nil
        shard?.remove(self)
    }
}

/// Someone who waits for one document: a plain GET before the first fetch, or a long poll.
package final class DocumentWaiter {
    /// A document is no answer while it has this version.
    let unless: VersionID?
    private(set) var answer: ((Result<Revision, SourceFailure>) -> Void)?
    private weak var shard: TopicShard?

    init(unless: VersionID?, shard: TopicShard, answer: @escaping (Result<Revision, SourceFailure>) -> Void) {
        self.unless = unless
        self.shard = shard
        self.answer = answer
    }

    func resolve(_ result: Result<Revision, SourceFailure>) {
        let answer = answer
        self.answer = nil
        answer?(result)
    }

    /// Stops waiting; the answer will not be called. Harmless a second time.
    package func cancel() {
        guard answer != nil else { return }
        answer = nil
        shard?.remove(self)
    }
}
