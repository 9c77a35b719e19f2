import BridgeConfiguration
import Gateway
import Logging
import NIOCore
import Synchronization

/// Logs go to standard error; standard output is for the ready line.
enum LogOutput {
    private static let currentLevel = Mutex(Logger.Level.info)

    /// The least severe level that is written, from now on, except by loggers with a level of their own.
    static var level: Logger.Level { currentLevel.withLock { $0 } }

    static func write(from level: LogLevel) {
        currentLevel.withLock { $0 = Logger.Level(rawValue: level.rawValue) ?? .info }
    }

    /// To be called once.
    ///
    /// - Returns: what the lines wait in until they are written, also those of the access log.
    static func bootstrap(level: LogLevel, accessLog: AccessLogFormat) -> LogQueue {
        write(from: level)
        let queue = LogQueue(AccessLog.Format(accessLog) ?? .text)
        LoggingSystem.bootstrap { label in
            AdjustableLogHandler(output: StreamLogHandler(label: label, stream: QueuedLines(queue: queue)))
        }
        return queue
    }
}

/// Takes each message as a line of the queue: whoever logs may be an event loop, and standard error may take nothing.
private struct QueuedLines: TextOutputStream, Sendable {
    let queue: LogQueue

    func write(_ line: String) {
        queue.write(ByteBuffer(string: line))
    }
}

/// Asks for the level at each message, so that a reload can change it.
private struct AdjustableLogHandler: LogHandler {
    var output: StreamLogHandler
    /// nil: that of all.
    private var ownLevel: Logger.Level?

    init(output: StreamLogHandler) {
        self.output = output
    }

    var logLevel: Logger.Level {
        get { ownLevel ?? LogOutput.level }
        set { ownLevel = newValue }
    }

    var metadata: Logger.Metadata {
        get { output.metadata }
        set { output.metadata = newValue }
    }

    var metadataProvider: Logger.MetadataProvider? {
        get { output.metadataProvider }
        set { output.metadataProvider = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { output[metadataKey: key] }
        set { output[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) {
        output.log(event: event)
    }
}
