import WebSocket

/// How a tunnel ends: a state machine without I/O.
///
///     open ── client closed or lost ──▶ clientEnded ── backend ended ─────────────▶ draining ── all is written, or
///      │ │                                  └───────── backend reset or too slow ─▶ closed       nothing moves ▶ closed
///      │ └─── backend ended ──────────▶ backendEnded ─ client lost ───────────────▶ draining
///      │                                    └───────── backend reset ─────────────▶ closed
///      └───── backend reset, or not to be reached ────────────────────────────────▶ closed
struct TunnelState {
    enum Phase: Equatable {
        /// Bytes flow both ways, or will once the backend is connected.
        case open
        /// The backend sent its last byte; the client has been told so by a close frame behind it.
        case backendEnded
        /// The client sent its last byte; the backend sees end of stream behind it, and may still answer.
        case clientEnded(isGone: Bool)
        /// Both sent their last byte; the client's are on their way to the backend.
        case draining
        case closed
    }

    enum Event {
        /// The client's close frame has come.
        case clientClosed
        /// The connection to the client is over.
        case clientGone
        /// The connection to the backend is there.
        case backendConnected
        /// It will not be.
        case backendUnreachable(reason: String)
        /// End of stream from the backend.
        case backendEnded
        /// The backend's connection broke.
        case backendReset
        /// Everything that the client sent is written, and the end of stream behind it.
        case outputEnded
        /// The backend takes nothing of what the client sent.
        case writingStalled
        /// The backend did not end its side within `halfCloseTimeout`.
        case halfCloseTimedOut
    }

    enum Action: Equatable {
        /// Send a close frame behind everything that the backend sent, or answer the client's.
        case closeClient(CloseCode, reason: String)
        /// Nobody takes what the client still sends: read and drop it, so that its close is seen.
        case discardClientInput
        /// Shut down the way to the backend behind everything that the client sent; report `outputEnded`, or
        /// `writingStalled`.
        case endBackendOutput
        /// The same with the whole connection.
        case closeBackend
        /// Close it now.
        case dropBackend
        /// Report `halfCloseTimedOut` after the route's timeout.
        case startHalfCloseTimer
    }

    private(set) var phase = Phase.open

    mutating func handle(_ event: Event) -> [Action] {
        switch (phase, event) {
        case (.open, .clientClosed):
            phase = .clientEnded(isGone: false)
            return [.endBackendOutput]
        case (.open, .clientGone):
            phase = .clientEnded(isGone: true)
            return [.endBackendOutput]
        case (.open, .backendEnded):
            phase = .backendEnded
            return [.closeClient(.normal, reason: "")]
        case (.open, .backendReset):
            phase = .closed
            return [
                .closeClient(.badGateway, reason: "the backend reset the connection"), .discardClientInput,
                .dropBackend,
            ]
        case (.open, .backendUnreachable(let reason)):
            phase = .closed
            return [.closeClient(.badGateway, reason: reason), .discardClientInput]

        case (.backendEnded, .clientGone):
            phase = .draining
            return [.closeBackend]
        case (.backendEnded, .backendReset):
            phase = .closed
            // The client has been told already.
            return [.discardClientInput, .dropBackend]

        case (.clientEnded(isGone: false), .clientGone):
            phase = .clientEnded(isGone: true)
            return []
        case (.clientEnded(isGone: false), .backendConnected):
            return [.endBackendOutput]
        case (.clientEnded(isGone: true), .backendConnected):
            phase = .closed
            return [.dropBackend]
        case (.clientEnded, .outputEnded):
            return [.startHalfCloseTimer]
        case (.clientEnded(let isGone), .backendEnded):
            phase = .draining
            return isGone ? [.closeBackend] : [.closeClient(.normal, reason: ""), .closeBackend]
        case (.clientEnded(let isGone), .backendReset), (.clientEnded(let isGone), .halfCloseTimedOut),
            (.clientEnded(let isGone), .writingStalled):
            phase = .closed
            return isGone ? [.dropBackend] : [.closeClient(.normal, reason: ""), .dropBackend]
        case (.clientEnded(let isGone), .backendUnreachable(let reason)):
            phase = .closed
            return isGone ? [] : [.closeClient(.badGateway, reason: reason)]

        case (.draining, .outputEnded):
            phase = .closed
            return []
        case (.draining, .writingStalled), (.draining, .backendReset):
            phase = .closed
            return [.dropBackend]

        case (.closed, .backendConnected):
            return [.dropBackend]

        case (.open, _), (.backendEnded, _), (.clientEnded, _), (.draining, _), (.closed, _):
            return []
        }
    }
}
