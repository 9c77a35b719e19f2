import NIOCore
import Topics
import WebSocket

/// What the WebSocket connections of all kinds of routes have in common. Belongs to one event loop.
protocol WebSocketConnection: WebSocketDelegate, LoopConnection {
    /// nil before the upgrade is complete and after the end.
    var socket: WebSocketHandler? { get }
}

extension WebSocketConnection {
    func drain() {
        socket?.close(code: .goingAway, reason: "the bridge stops; reconnect after a moment")
    }

    func expire() {
        socket?.dismiss(code: .policyViolation, reason: "your credentials have expired; connect with new ones")
    }

    /// Whether the client has taken all that it was sent: only then is it given the next version.
    var canTakeMore: Bool { socket.map { $0.isWritable && $0.isDrained } ?? false }

    /// Writes what was encoded for this connection's form.
    func write(_ body: Delivery.Body) {
        guard let socket else { return }
        switch body {
        case .wire(let frames):
            socket.sendShared(frames)
        case .messages(let messages):
            for message in messages {
                if message.opcode == .text {
                    socket.sendText(message.payload)
                } else {
                    socket.sendBinary(message.payload)
                }
            }
        }
    }
}

extension DeliveryFormat.Compression {
    /// How frames for a connection with this agreement are compressed.
    init(_ deflate: PerMessageDeflate?) {
        switch deflate {
        case nil: self = .none
        case .some(let agreed) where agreed.outgoingTakeover: self = .perConnection
        case .some(let agreed): self = .shared(windowBits: agreed.outgoingWindowBits)
        }
    }
}

extension GatewaySettings {
    /// Options of a WebSocket that takes whole messages.
    var webSocketOptions: WebSocketOptions {
        var options = WebSocketOptions()
        options.pingInterval = pingInterval
        options.silenceTimeout = keepAliveTimeout
        options.writesDirectly = true
        return options
    }
}
