import BridgeConfiguration
import Logging
import Synchronization

/// Logs go to standard error; standard output is for the ready line.
enum LogOutput {
    private static let currentLevel = Mutex(Logger.Level.info)

    /// The least severe level that is written, from now on, except by loggers with a level of their own.
    static var level: Logger.Level { currentLevel.withLock { $0 } }

    static func write(from level: LogLevel) {
        currentLevel.withLock { $0 = Logger.Level(rawValue: level.rawValue) ?? .info }
    }

    static func bootstrap(level: LogLevel) {
        write(from: level)
        LoggingSystem.bootstrap { AdjustableLogHandler(output: StreamLogHandler.standardError(label: $0)) }
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
