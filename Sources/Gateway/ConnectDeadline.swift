import NIOCore

/// The one time within which something has to be connected, however many steps that takes. Belongs to an event loop.
struct ConnectDeadline: Sendable {
    private struct State {
        var isOver = false
        /// The connections that were begun and are not handed on.
        var channels: [any Channel] = []
    }

    private let timeout: TimeAmount
    private let loop: any EventLoop
    private let state: NIOLoopBoundBox<State>

    /// On `loop`; the time runs from ``limit(_:)``.
    init(_ timeout: TimeAmount, on loop: any EventLoop) {
        self.timeout = timeout
        self.loop = loop
        state = NIOLoopBoundBox(State(), eventLoop: loop)
    }

    /// Whether the time is over.
    var isOver: Bool { state.value.isOver }

    /// Closes a connection when the time is over before it is handed on.
    func guards(_ channel: any Channel) {
        guard !isOver else {
            channel.close(promise: nil)
            return
        }
        state.value.channels.append(channel)
    }

    /// What `body` connects; `ChannelError.connectTimeout` once the time is over, and what is connected later is closed.
    func limit(_ body: (ConnectDeadline) -> EventLoopFuture<any Channel>) -> EventLoopFuture<any Channel> {
        let result = loop.makePromise(of: (any Channel).self)
        let timer = loop.scheduleTask(in: timeout) {
            state.value.isOver = true
            result.fail(ChannelError.connectTimeout(timeout))
            for channel in state.value.channels { channel.close(promise: nil) }
            state.value.channels = []
        }
        body(self).whenComplete { outcome in
            timer.cancel()
            state.value.channels = []
            switch outcome {
            case .success(let channel) where state.value.isOver: channel.close(promise: nil)
            case .success(let channel): result.succeed(channel)
            // Nobody hears it once the time is over.
            case .failure(let error): if !state.value.isOver { result.fail(error) }
            }
        }
        return result.futureResult
    }
}
