import Dispatch
import Foundation
import NIOCore
import Synchronization

/// Lines on their way to standard error, those of the access log and all others. Thread-safe; whoever logs never waits for
/// the writing.
package final class LogQueue: Sendable {
    private struct State {
        var waiting = ByteBuffer()
        var dropped = 0
        var isWriting = false
    }

    private let format: AccessLog.Format
    private let output: FileHandle
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "pushbridge.log")

    /// What may wait while the output takes nothing, in bytes: past it lines are dropped, and counted.
    private static let capacity = 4 << 20

    /// - Parameters:
    ///   - format: of the line that tells of dropped ones.
    ///   - output: may block; nobody waits for it but this.
    package init(_ format: AccessLog.Format = .text, output: FileHandle = .standardError) {
        self.format = format
        self.output = output
    }

    /// - Parameter line: with its end.
    package func write(_ line: ByteBuffer) {
        var line = line
        let isIdle = state.withLock { state in
            guard state.waiting.readableBytes + line.readableBytes <= Self.capacity else {
                state.dropped += 1
                return false
            }
            state.waiting.writeBuffer(&line)
            defer { state.isWriting = true }
            return !state.isWriting
        }
        // One turn of the queue for all lines that came meanwhile.
        if isIdle { queue.async { self.writeWaiting() } }
    }

    /// Returns when all lines so far have been written, or when it has taken too long: what takes nothing may do so for
    /// ever.
    ///
    /// - Parameter limit: in seconds.
    package func flush(within limit: Double = 2) async {
        let written = DispatchGroup()
        written.enter()
        queue.async { written.leave() }
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                _ = written.wait(timeout: .now() + limit)
                continuation.resume()
            }
        }
    }

    /// Writes the lines that `body` leaves behind before it returns, or throws what `body` throws.
    package func flushing(_ body: () async throws -> Void) async rethrows {
        do {
            try await body()
        } catch {
            await flush()
            throw error
        }
        await flush()
    }

    private func writeWaiting() {
        while let lines = takeWaiting() {
            // An output that is gone is no reason to stop serving.
            try? output.write(contentsOf: Data(lines.readableBytesView))
        }
    }

    /// nil where nothing waits; the next line has a turn of its own made then.
    private func takeWaiting() -> ByteBuffer? {
        state.withLock { state in
            if state.dropped > 0 {
                var line = AccessRecord.lineOfDropped(state.dropped, format)
                state.waiting.writeBuffer(&line)
                state.dropped = 0
            }
            guard state.waiting.readableBytes > 0 else {
                state.isWriting = false
                return nil
            }
            defer { state.waiting = ByteBuffer() }
            return state.waiting
        }
    }
}
