/// Writes a line for each request and connection at its end. Thread-safe; whoever logs never waits for the writing.
package final class AccessLog: Sendable {
    /// How a line is written.
    package enum Format: Sendable {
        /// A JSON object.
        case json
        /// `name=value` pairs; values with white space or quotes as JSON strings.
        case text
    }

    private let format: Format
    private let queue: LogQueue

    /// - Parameters:
    ///   - format: of every line.
    ///   - queue: where the lines go.
    package init(_ format: Format, queue: LogQueue) {
        self.format = format
        self.queue = queue
    }

    func write(_ record: AccessRecord) {
        queue.write(record.line(format))
    }
}
