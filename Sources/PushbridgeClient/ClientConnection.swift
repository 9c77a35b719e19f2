import NIOCore
import WebSocket

/// A WebSocket connection to a bridge, or to any server of RFC 6455. May be used from any thread.
public final class ClientConnection: Sendable {
    /// The messages that come in.
    public let messages: ClientMessages
    /// The subprotocol that the server chose; nil: none.
    public let subprotocol: String?
    private let socket: ClientSocket
    private let end: EventLoopFuture<ClientClosure>

    init(socket: ClientSocket, messages: ClientMessages, end: EventLoopFuture<ClientClosure>) {
        self.messages = messages
        self.subprotocol = socket.subprotocol
        self.socket = socket
        self.end = end
    }

    /// Opens a connection.
    ///
    /// - Parameters:
    ///   - url: ws or wss; http and https are read as these.
    ///   - options: headers, subprotocols, trust, proxy and limits.
    /// - Throws: ``ClientConnectionError``; `CancellationError` where the task was cancelled during the handshake.
    public static func connect(
        to url: String,
        options: ClientConnectionOptions = ClientConnectionOptions()
    ) async throws -> ClientConnection {
        try await ClientOpening(url, options: options).connect()
    }

    /// Sends a text message.
    ///
    /// - Throws: ``ClientConnectionError/closed``. Returns when the system has taken the message.
    public func send(text: String) async throws {
        let payload = ByteBuffer(string: text)
        try await send { $0.sendText(payload, promise: $1) }
    }

    /// Sends a binary message.
    ///
    /// - Throws: ``ClientConnectionError/closed``. Returns when the system has taken the message.
    public func send(binary: ByteBuffer) async throws {
        try await send { $0.sendBinary(binary, promise: $1) }
    }

    /// Sends text messages behind all that was sent before, without waiting for them: what is called one after the other
    /// goes out in that order. Where the connection has ended, nothing happens: ``closure()`` says so.
    func post(_ texts: String...) {
        socket.loop.execute { [socket] in
            for text in texts { socket.handler.value.sendText(ByteBuffer(string: text), promise: nil) }
        }
    }

    private func send(_ body: @escaping @Sendable (WebSocketHandler, EventLoopPromise<Void>) -> Void) async throws {
        let promise = socket.loop.makePromise(of: Void.self)
        socket.loop.execute { [socket] in body(socket.handler.value, promise) }
        do { try await promise.futureResult.get() } catch { throw ClientConnectionError.closed }
    }

    /// Begins the close handshake behind everything that was sent. Messages still come in until the server has
    /// answered.
    ///
    /// - Parameters:
    ///   - code: 1000, or 3000…4999.
    ///   - reason: cut to 123 bytes.
    public func close(code: Int = 1000, reason: String = "") {
        socket.loop.execute { [socket] in
            socket.handler.value.close(code: CloseCode(rawValue: UInt16(clamping: code)), reason: reason)
        }
    }

    /// Waits for the end of the connection.
    public func closure() async -> ClientClosure {
        (try? await end.get()) ?? ClientClosure(code: 1006, reason: "", isClean: false)
    }
}
