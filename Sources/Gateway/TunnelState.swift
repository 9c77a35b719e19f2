import WebSocket

/// How a tunnel ends: a state machine without I/O.
///
///     open ── client closed or lost ──▶ clientEnded ── backend ended, reset or too slow ──▶ closed
///      │ ├─── backend ended ──────────▶ backendEnded ── client closed or lost ────────────▶ closed
///      └─┴─── backend reset ──────────────────────────────────────────────────────────────▶ closed
struct TunnelState {
    enum Phase: Equatable {
        /// Bytes flow both ways.
        case open
        /// The backend sent its last byte; the client has been told so by a close frame behind it.
        case backendEnded
        /// The client sent its last byte; the backend sees end of stream behind it, and may still answer.
        case clientEnded(isGone: Bool)
        case closed
    }

    enum Event {
        /// The client's close frame has come.
        case clientClosed
        /// The connection to the client is over.
        case clientGone
        /// End of stream from the backend.
        case backendEnded
        /// The backend's connection broke.
        case backendReset
        /// The backend did not end its side within `halfCloseTimeout`.
        case halfCloseTimedOut
    }

    enum Action: Equatable {
        /// Send a close frame behind everything that the backend sent, or answer the client's.
        case closeClient(CloseCode, reason: String)
        /// Shut down the way to the backend behind everything that the client sent.
        case endBackendOutput
        /// Close the backend's connection behind everything that the client sent.
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
            return [.endBackendOutput, .startHalfCloseTimer]
        case (.open, .clientGone):
            phase = .clientEnded(isGone: true)
            return [.endBackendOutput, .startHalfCloseTimer]
        case (.open, .backendEnded):
            phase = .backendEnded
            return [.closeClient(.normal, reason: "")]
        case (.open, .backendReset):
            phase = .closed
            return [.closeClient(.badGateway, reason: "the backend reset the connection"), .dropBackend]

        case (.backendEnded, .clientClosed):
            return []
        case (.backendEnded, .clientGone):
            phase = .closed
            return [.closeBackend]
        case (.backendEnded, .backendReset):
            // The client has been told already; what it still sends has nowhere to go.
            return [.dropBackend]

        case (.clientEnded(let isGone), .backendEnded), (.clientEnded(let isGone), .backendReset),
            (.clientEnded(let isGone), .halfCloseTimedOut):
            phase = .closed
            return isGone ? [.dropBackend] : [.closeClient(.normal, reason: ""), .dropBackend]
        case (.clientEnded(isGone: false), .clientGone):
            phase = .clientEnded(isGone: true)
            return []

        case (.open, .halfCloseTimedOut), (.backendEnded, .backendEnded), (.backendEnded, .halfCloseTimedOut),
            (.clientEnded, .clientClosed), (.clientEnded(isGone: true), .clientGone), (.closed, _):
            return []
        }
    }
}
