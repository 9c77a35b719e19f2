import NIOCore
import WebSocket

/// Hands the messages of a connection to its ``ClientMessages``, and holds the server back while nobody takes them.
/// Belongs to the connection's event loop.
final class ClientReceiver: WebSocketDelegate {
    typealias Source = NIOAsyncSequenceProducer<
        ClientMessage, NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark, ClientDemand
    >.Source

    private let source: Source
    private let demand: ClientDemand
    private let closure: EventLoopPromise<ClientClosure>

    init(source: Source, demand: ClientDemand, closure: EventLoopPromise<ClientClosure>) {
        self.source = source
        self.demand = demand
        self.closure = closure
    }

    /// A connection that never came to be has nobody else to end what waits for it.
    deinit {
        source.finish()
        closure.fail(ClientConnectionError.closed)
    }

    func webSocketOpened(_ socket: WebSocketHandler) {
        demand.serve(socket)
    }

    func webSocket(_ socket: WebSocketHandler, message: ByteBuffer, opcode: Opcode) {
        give(opcode == .text ? .text(String(buffer: message)) : .binary(message), socket)
    }

    func webSocket(_ socket: WebSocketHandler, chunk: ByteBuffer, opcode: Opcode, isFirst: Bool, isFinal: Bool) {
        if chunk.readableBytes > 0 { give(.binary(chunk), socket) }
    }

    private func give(_ message: ClientMessage, _ socket: WebSocketHandler) {
        switch source.yield(message) {
        case .produceMore: break
        case .stopProducing: socket.pauseReading()
        case .dropped: socket.close(code: .goingAway)
        }
    }

    func webSocketClosed(_ socket: WebSocketHandler, _ closure: WebSocketClosure) {
        source.finish()
        self.closure.succeed(
            ClientClosure(code: Int(closure.code.rawValue), reason: closure.reason, isClean: closure.isClean)
        )
    }
}

/// Carries the demand of whoever reads the messages to the event loop.
final class ClientDemand: NIOAsyncSequenceProducerDelegate {
    private let loop: any EventLoop
    private let socket: NIOLoopBoundBox<WebSocketHandler?>

    init(loop: any EventLoop) {
        self.loop = loop
        socket = .makeEmptyBox(valueType: WebSocketHandler.self, eventLoop: loop)
    }

    /// On the event loop only.
    func serve(_ handler: WebSocketHandler) {
        socket.value = handler
    }

    func produceMore() {
        loop.execute { self.socket.value?.resumeReading() }
    }

    func didTerminate() {
        loop.execute {
            self.socket.value?.resumeReading()
            self.socket.value?.close(code: .goingAway)
            self.socket.value = nil
        }
    }
}
