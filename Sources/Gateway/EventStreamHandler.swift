import NIOCore
import Topics
import WebSocket

/// A connection that has become a stream of server-sent events: it only writes. Belongs to its event loop.
final class EventStreamHandler: ChannelInboundHandler, SubscriberSink, LoopConnection, TimerWheelClient {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// A comment this often keeps proxies from taking the stream for dead.
    private static let heartbeat = TimeAmount.seconds(15)

    /// Who has taken nothing for so many heartbeats is gone, or might as well be.
    private static let patience = 8

    private let gateway: GatewayLoop
    private let info: ConnectionInfo
    private var context: ChannelHandlerContext?
    private var subscription: Subscription?
    private var bytesSent = 0
    /// Heartbeats in a row that found the socket full.
    private var stalledHeartbeats = 0
    var timerPlace: TimerWheel.Place?

    init(gateway: GatewayLoop, info: ConnectionInfo) {
        self.gateway = gateway
        self.info = info
    }

    /// The subscription that feeds this stream; called once, right after the handler was added.
    func begin(_ subscription: Subscription) {
        self.subscription = subscription
        if context == nil { end() }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        gateway.opened(self, info)
        // A client that comes back at a time of its own choosing is one of a herd no more.
        write(ByteBuffer(string: "retry: \(Int.random(in: 1000...5000))\n\n"))
        setHeartbeat()
    }

    private func setHeartbeat() {
        gateway.timers.set(self, at: gateway.loop.now + Self.heartbeat)
    }

    func timerFired() {
        if isReady {
            write(ByteBuffer(string: ":\n\n"))
        } else {
            stalledHeartbeats += 1
            guard stalledHeartbeats < Self.patience else {
                context?.close(promise: nil)
                return
            }
        }
        setHeartbeat()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
        gateway.closed(self, ConnectionEnd(eventStreamOf: bytesSent))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // The request is over; whatever else the client sends has no meaning.
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            stalledHeartbeats = 0
            subscription?.sinkBecameReady()
        }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent {
            context.close(promise: nil)
            return
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    // MARK: SubscriberSink

    var isReady: Bool { context?.channel.isWritable ?? false }

    func deliver(_ delivery: Delivery) {
        if case .wire(let bytes) = delivery.body { write(bytes) }
    }

    // MARK: LoopConnection

    func drain() {
        end()
        guard let context else { return }
        LingeringClose.begin(on: context.channel)
    }

    private func write(_ bytes: ByteBuffer) {
        bytesSent += bytes.readableBytes
        context?.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    private func end() {
        gateway.timers.cancel(self)
        subscription?.cancel()
        subscription = nil
    }
}
