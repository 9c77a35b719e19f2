import NIOCore
import WebSocket

/// One connection of a load run. Belongs to its event loop.
class LoadClient: WebSocketDelegate {
    let recorder: LoopRecorder
    private(set) var socket: WebSocketHandler?
    /// Whether the run has it. One that was given up while it opened is no loss.
    private var isEnrolled = false
    /// How it ended before it was enrolled.
    private var earlyEnd: WebSocketClosure?

    init(_ recorder: LoopRecorder) {
        self.recorder = recorder
    }

    /// The run has the connection: its end is a loss from now on, also where it has ended by now.
    func enrol() {
        isEnrolled = true
        if let earlyEnd { count(earlyEnd) }
    }

    /// Begins to send, where that is its part.
    func start() {}

    func webSocketOpened(_ socket: WebSocketHandler) {
        self.socket = socket
    }

    func webSocket(_ socket: WebSocketHandler, message: ByteBuffer, opcode: Opcode) {}

    func webSocket(_ socket: WebSocketHandler, chunk: ByteBuffer, opcode: Opcode, isFirst: Bool, isFinal: Bool) {}

    func webSocketWritabilityChanged(_ socket: WebSocketHandler, isWritable: Bool) {}

    func webSocketClosed(_ socket: WebSocketHandler, _ closure: WebSocketClosure) {
        self.socket = nil
        if isEnrolled { count(closure) } else { earlyEnd = closure }
    }

    private func count(_ closure: WebSocketClosure) {
        guard recorder.isRunning else { return }
        let reason = closure.reason.isEmpty ? "" : ", \(closure.reason)"
        recorder.counts.lost["closed with \(closure.code.rawValue)\(reason)", default: 0] += 1
    }
}

/// Takes what is pushed.
final class SubscriberClient: LoadClient {
    private let arrivals: LoopArrivals
    private let stamp: Stamp?
    private var last: UInt64 = 0

    init(_ recorder: LoopRecorder, arrivals: LoopArrivals, stamp: Stamp?) {
        self.arrivals = arrivals
        self.stamp = stamp
        super.init(recorder)
    }

    override func webSocket(_ socket: WebSocketHandler, message: ByteBuffer, opcode: Opcode) {
        let now = NIODeadline.now()
        let first = arrivals.first(of: message.digest, after: last, now: now)
        last = first.number
        guard recorder.isMeasuring else { return }
        recorder.counts.messages += 1
        recorder.counts.bytes += message.readableBytes
        recorder.counts.spread.record(UInt64(max(0, (now - first.time).nanoseconds)))
        if let due = stamp?.due(message) {
            recorder.counts.latency.record(UInt64(max(0, (now - due).nanoseconds)))
        }
    }
}

/// Sends stamped messages at a rate.
final class PublisherClient: LoadClient {
    private let stamp: Stamp
    private let rate: Double
    private var schedule: SendingSchedule?

    init(_ recorder: LoopRecorder, stamp: Stamp, rate: Double) {
        self.stamp = stamp
        self.rate = rate
        super.init(recorder)
    }

    override func start() {
        schedule = SendingSchedule(rate: rate, start: .now())
        send()
    }

    private func send() {
        guard let socket, let loop = socket.channel?.eventLoop, recorder.isRunning, socket.canSend else { return }
        let now = NIODeadline.now()
        while socket.isWritable, let due = schedule?.takeDue(now) {
            socket.sendText(stamp.message(due: due))
            if recorder.isMeasuring { recorder.counts.sent += 1 }
        }
        guard let next = schedule?.wakeUp(now) else { return }
        let publisher = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(deadline: next) { publisher.value.send() }
    }
}

/// Sends, and looks how long each message takes to come back.
final class EchoClient: LoadClient {
    /// Messages on their way at once, at most.
    static let window = 4096

    private let payload: ByteBuffer
    private let inFlight: Int
    private let rate: Double?
    private var schedule: SendingSchedule?
    private var waiting = CircularBuffer<NIODeadline>()
    /// Bytes of the message that is coming back.
    private var arrived = 0

    init(_ recorder: LoopRecorder, payload: ByteBuffer, inFlight: Int, rate: Double?) {
        self.payload = payload
        self.inFlight = inFlight
        self.rate = rate
        super.init(recorder)
    }

    override func start() {
        if let rate {
            schedule = SendingSchedule(rate: rate, start: .now())
            sendDue()
        } else {
            fill()
        }
    }

    private func fill() {
        while rate == nil, waiting.count < inFlight, let socket, socket.canSend, socket.isWritable, recorder.isRunning {
            send(socket, due: .now())
        }
    }

    private func sendDue() {
        guard let socket, let loop = socket.channel?.eventLoop, recorder.isRunning, socket.canSend else { return }
        let now = NIODeadline.now()
        while socket.isWritable, waiting.count < Self.window, let due = schedule?.takeDue(now) {
            send(socket, due: due)
        }
        guard let next = schedule?.wakeUp(now) else { return }
        let client = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(deadline: next) { client.value.sendDue() }
    }

    private func send(_ socket: WebSocketHandler, due: NIODeadline) {
        waiting.append(due)
        socket.sendBinary(payload)
        if recorder.isMeasuring { recorder.counts.sent += 1 }
    }

    override func webSocketWritabilityChanged(_ socket: WebSocketHandler, isWritable: Bool) {
        if isWritable { fill() }
    }

    override func webSocket(
        _ socket: WebSocketHandler,
        chunk: ByteBuffer,
        opcode: Opcode,
        isFirst: Bool,
        isFinal: Bool
    ) {
        let now = NIODeadline.now()
        var chunk = chunk
        while chunk.readableBytes > 0 {
            let length = min(chunk.readableBytes, payload.readableBytes - arrived)
            guard !waiting.isEmpty, let part = chunk.readSlice(length: length),
                part == payload.getSlice(at: arrived, length: length)
            else {
                // Whatever this is, it is no echo, and times would mean nothing.
                recorder.counts.foreign += 1
                socket.close(code: .normal)
                return
            }
            if recorder.isMeasuring { recorder.counts.bytes += length }
            arrived += length
            guard arrived == payload.readableBytes else { break }
            arrived = 0
            let due = waiting.removeFirst()
            guard recorder.isMeasuring else { continue }
            recorder.counts.messages += 1
            recorder.counts.latency.record(UInt64(max(0, (now - due).nanoseconds)))
        }
        fill()
    }
}
