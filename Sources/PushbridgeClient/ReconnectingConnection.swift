/// A connection that is made again whenever it breaks. Runs in the task that calls ``run(target:handle:)``.
package struct ReconnectingConnection: Sendable {
    /// What a connection is made to.
    package struct Target: Sendable {
        let url: String
        let options: ClientConnectionOptions

        /// A URL as ``ClientConnection/connect(to:options:)`` takes it.
        package init(url: String, options: ClientConnectionOptions) {
            self.url = url
            self.options = options
        }
    }

    /// What happens, in order.
    package enum Event: Sendable {
        /// A connection is open.
        case opened(ClientConnection)
        /// It brought a message.
        case message(ClientMessage)
        /// It ended.
        case closed(ClientClosure)
        /// It could not be opened.
        case failed(any Error)
    }

    /// A connection that lived so long was a good one: what comes next is no further failure in a row.
    private static let stable = Duration.seconds(5)

    private let delay: ReconnectDelay

    /// - Parameter delay: how long to wait between attempts.
    package init(delay: ReconnectDelay = ReconnectDelay()) {
        self.delay = delay
    }

    /// Connects, and again, until `handle` says that it is enough or the task is cancelled.
    ///
    /// - Parameters:
    ///   - target: asked before each attempt; what it throws is a failed attempt.
    ///   - handle: whether to go on.
    package func run(
        target: @Sendable () async throws -> Target,
        handle: @Sendable (Event) async -> Bool
    ) async {
        var attempt = 0
        while !Task.isCancelled {
            let event: Event
            var code: Int?
            do {
                let target = try await target()
                let connection = try await ClientConnection.connect(to: target.url, options: target.options)
                let start = ContinuousClock.now
                var isWanted = await handle(.opened(connection))
                if isWanted {
                    for await message in connection.messages {
                        isWanted = await handle(.message(message))
                        if !isWanted { break }
                    }
                }
                if !isWanted || Task.isCancelled {
                    connection.close()
                    return
                }
                let closure = await connection.closure()
                if ContinuousClock.now - start >= Self.stable { attempt = 0 }
                code = closure.code
                event = .closed(closure)
            } catch {
                guard !Task.isCancelled else { return }
                event = .failed(error)
            }
            guard await handle(event) else { return }
            do { try await Task.sleep(for: delay.delay(after: code, attempt: attempt)) } catch { return }
            attempt += 1
        }
    }
}
