import Dispatch
import Foundation
import NIOCore
import Synchronization

/// Writes a line for each request and connection at its end. Thread-safe; whoever logs never waits for the writing.
package final class AccessLog: Sendable {
    /// How a line is written.
    package enum Format: Sendable {
        /// A JSON object.
        case json
        /// `name=value` pairs; values with white space or quotes as JSON strings.
        case text
    }

    private struct State {
        var waiting = ByteBuffer()
        var dropped = 0
        var isWriting = false
    }

    private let format: Format
    private let output: FileHandle
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "pushbridge.access-log")

    /// What may wait while the output takes nothing, in bytes: past it lines are dropped, and counted.
    private static let capacity = 4 << 20

    /// - Parameters:
    ///   - format: of every line.
    ///   - output: may block; nobody waits for it but this.
    package init(_ format: Format, output: FileHandle = .standardError) {
        self.format = format
        self.output = output
    }

    func write(_ record: AccessRecord) {
        var line = record.line(format)
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

    /// Returns when all lines so far have been written.
    package func flush() async {
        await withCheckedContinuation { continuation in
            queue.async { continuation.resume() }
        }
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
