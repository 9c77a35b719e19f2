import Foundation
import NIOCore
import WebSocket

/// One tunnelled connection: bytes between a WebSocket and a backend, with back-pressure both ways. Belongs to one
/// event loop, which the backend's channel shares.
///
///     client ⇄ WebSocketHandler ⇄ Tunnel ⇄ TunnelBackendHandler ⇄ backend
///
/// Neither side is read while the other is not writable, so that a tunnel never holds more than one socket buffer.
final class Tunnel: WebSocketConnection {
    let frames: TunnelService.Frames
    private let service: TunnelService
    private let gateway: GatewayLoop
    private let info: ConnectionInfo
    private(set) var socket: WebSocketHandler?
    private var backend: (any Channel)?
    private var state = TunnelState()
    private var incompleteCharacter: [UInt8] = []
    private var closeReply: CloseCode?
    private var timer: Scheduled<Void>?
    private var idleTimer: RepeatedTask?
    /// Counts from when both sides are there.
    private var lastTraffic = NIODeadline.uptimeNanoseconds(0)
    /// Where the backend is, once it has been connected.
    private var backendName: String?
    private let number: Int
    private var bytesToBackend = 0
    private var bytesToClient = 0

    /// How long a backend may take nothing of what the client sent before it ended.
    private static let writeLimit = TimeAmount.minutes(1)

    init(service: TunnelService, frames: TunnelService.Frames, gateway: GatewayLoop, info: ConnectionInfo) {
        self.service = service
        self.frames = frames
        self.gateway = gateway
        self.info = info
        number = service.metrics.made.wrappingAdd(1, ordering: .relaxed).newValue
    }

    var tunnelInfo: TunnelInfo {
        TunnelInfo(
            id: "\(info.route)#\(number)",
            route: info.route,
            backend: backendName,
            address: info.address,
            since: info.since,
            bytesToBackend: bytesToBackend,
            bytesToClient: bytesToClient
        )
    }

    /// The client went away while its backend was being connected.
    func abandon() {
        backend?.close(promise: nil)
    }

    /// The backend could not be connected after the upgrade had been answered.
    func backendIsUnreachable(_ reason: String) {
        carryOut(state.handle(.backendUnreachable(reason: reason)))
    }

    // MARK: The client's side

    func webSocketOpened(_ socket: WebSocketHandler) {
        self.socket = socket
        gateway.opened(self, info)
        // Much comes at once here: fewer turns of the event loop for it. Fails only where the connection has ended.
        if let channel = socket.channel, channel.isSocket {
            try? channel.syncOptions?.setOption(.maxMessagesPerRead, value: 4)
        }
        if backend == nil { socket.pauseReading() }
        startIfComplete()
    }

    func webSocket(_ socket: WebSocketHandler, chunk: ByteBuffer, opcode: Opcode, isFirst: Bool, isFinal: Bool) {
        guard opcode == .binary || !service.rejectsText else {
            socket.dismiss(code: .unsupportedData, reason: "this tunnel takes binary frames only")
            return
        }
        writeToBackend(chunk)
    }

    func webSocket(_ socket: WebSocketHandler, message: ByteBuffer, opcode: Opcode) {
        guard let bytes = Data(base64Encoded: Data(message.readableBytesView)) else {
            socket.dismiss(code: .invalidPayload, reason: "the message is not base64")
            return
        }
        writeToBackend(ByteBuffer(bytes: bytes))
    }

    func webSocketTurnEnded(_ socket: WebSocketHandler) {
        backend?.flush()
    }

    func webSocketWritabilityChanged(_ socket: WebSocketHandler, isWritable: Bool) {
        if isWritable { backend?.read() }
    }

    func webSocket(_ socket: WebSocketHandler, closeReceived code: CloseCode?, reason: String) {
        closeReply = code
        carryOut(state.handle(.clientClosed))
    }

    func webSocketClosed(_ socket: WebSocketHandler, _ closure: WebSocketClosure) {
        self.socket = nil
        idleTimer?.cancel()
        gateway.closed(self, ConnectionEnd(socket, closure, backend: backendName))
        carryOut(state.handle(.clientGone))
        // Nobody takes the backend's bytes any more, and its end is only seen by reading.
        backend?.read()
    }

    private func writeToBackend(_ bytes: ByteBuffer) {
        guard let backend else { return }
        lastTraffic = gateway.loop.now
        bytesToBackend += bytes.readableBytes
        service.metrics.bytesToBackend.wrappingAdd(bytes.readableBytes, ordering: .relaxed)
        backend.write(bytes, promise: nil)
        if !backend.isWritable { socket?.pauseReading() }
    }

    // MARK: The backend's side

    func backendConnected(_ channel: any Channel) {
        backend = channel
        backendName = channel.remoteAddress?.place
        carryOut(state.handle(.backendConnected))
        startIfComplete()
    }

    /// Whether the backend may be read: the client takes bytes, or is gone.
    var wantsBackendBytes: Bool { socket?.isWritable ?? (state.phase != .open) }

    func backendSent(_ bytes: ByteBuffer) {
        guard let socket else { return }
        lastTraffic = gateway.loop.now
        bytesToClient += bytes.readableBytes
        service.metrics.bytesToClient.wrappingAdd(bytes.readableBytes, ordering: .relaxed)
        switch frames {
        case .binary:
            socket.sendBinary(bytes, flush: false)
        case .base64:
            socket.sendText(ByteBuffer(string: Data(bytes.readableBytesView).base64EncodedString()), flush: false)
        case .text:
            incompleteCharacter.append(contentsOf: bytes.readableBytesView)
            let end = incompleteCharacter.count - incompleteCharacter.lengthOfIncompleteSuffix
            if end > 0 {
                socket.sendText(
                    ByteBuffer(string: String(decoding: incompleteCharacter[..<end], as: UTF8.self)),
                    flush: false
                )
                incompleteCharacter.removeFirst(end)
            }
        }
    }

    func backendReadComplete() {
        socket?.flush()
    }

    func backendBecameWritable() {
        socket?.resumeReading()
    }

    func backendEnded() {
        if !incompleteCharacter.isEmpty {
            socket?.sendText(ByteBuffer(string: String(decoding: incompleteCharacter, as: UTF8.self)))
            incompleteCharacter = []
        }
        carryOut(state.handle(.backendEnded))
    }

    func backendFailed() {
        carryOut(state.handle(.backendReset))
    }

    // MARK: Both

    private func startIfComplete() {
        guard let backend, let socket, state.phase == .open else { return }
        lastTraffic = gateway.loop.now
        socket.resumeReading()
        backend.read()
        guard let idleTimeout = service.idleTimeout else { return }
        let bound = NIOLoopBound(self, eventLoop: gateway.loop)
        // Looked at four times in its length, so that traffic need not move a timer.
        let step = TimeAmount.nanoseconds(max(1_000_000, idleTimeout.nanoseconds / 4))
        idleTimer = gateway.loop.scheduleRepeatedTask(initialDelay: step, delay: step) { _ in
            let tunnel = bound.value
            if tunnel.gateway.loop.now - tunnel.lastTraffic >= idleTimeout {
                tunnel.socket?.close(code: .normal, reason: "idle for too long")
                tunnel.idleTimer?.cancel()
            }
        }
    }

    private func carryOut(_ actions: [TunnelState.Action]) {
        for action in actions {
            switch action {
            case .closeClient(let code, let reason):
                socket?.close(code: closeReply ?? code, reason: closeReply == nil ? reason : "")
            case .discardClientInput:
                socket?.discardInput()
            case .endBackendOutput:
                afterLastWrite { $0.close(mode: .output, promise: nil) }
            case .closeBackend:
                afterLastWrite { $0.close(promise: nil) }
            case .dropBackend:
                timer?.cancel()
                backend?.close(promise: nil)
            case .startHalfCloseTimer:
                setTimer(in: service.halfCloseTimeout) { $0.carryOut($0.state.handle(.halfCloseTimedOut)) }
            }
        }
    }

    private func setTimer(in time: TimeAmount, _ body: @escaping @Sendable (Tunnel) -> Void) {
        let bound = NIOLoopBound(self, eventLoop: gateway.loop)
        timer?.cancel()
        timer = gateway.loop.scheduleTask(in: time) { body(bound.value) }
    }

    /// A close of NIO's cancels writes that the kernel has not taken yet, so it has to wait for the last of them.
    private func afterLastWrite(_ body: @escaping (any Channel) -> Void) {
        guard let backend else { return }
        watchWrites(to: backend, waiting: backend.waitingBytes ?? 0)
        backend.writeAndFlush(ByteBuffer()).assumeIsolated().whenComplete { _ in
            self.timer?.cancel()
            body(backend)
            self.carryOut(self.state.handle(.outputEnded))
        }
    }

    /// Gives up a backend that takes nothing for too long; one that takes little has its time.
    private func watchWrites(to backend: any Channel, waiting: Int) {
        setTimer(in: max(Self.writeLimit, service.halfCloseTimeout)) { tunnel in
            let now = backend.waitingBytes ?? 0
            if now < waiting {
                tunnel.watchWrites(to: backend, waiting: now)
            } else {
                tunnel.carryOut(tunnel.state.handle(.writingStalled))
            }
        }
    }
}

extension SocketAddress {
    /// As an operator reads it: `127.0.0.1:7007`, `[::1]:7007`, or the path of a Unix socket.
    fileprivate var place: String? {
        pathname ?? ipAddress.map { "\($0.bracketedHost):\(port ?? 0)" }
    }
}

extension [UInt8] {
    /// How many bytes at the end are the beginning of a character of UTF-8 whose rest has not come yet: 0…3.
    var lengthOfIncompleteSuffix: Int {
        for length in 1...3 where length <= count {
            let byte = self[count - length]
            if byte & 0b1100_0000 == 0b1000_0000 { continue }
            let needed = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return needed > length ? length : 0
        }
        return 0
    }
}
