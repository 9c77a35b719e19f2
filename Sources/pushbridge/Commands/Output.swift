import Foundation

/// Writes lines where a program that reads them sees them at once.
///
/// A reader that has gone away, as `head` does, ends nothing here: what it does not read is dropped. The commands that
/// print on and on look at what ``line(_:)`` says.
enum Output {
    /// - Returns: false where nobody reads standard output any more.
    @discardableResult
    static func line(_ text: String) -> Bool {
        write(text + "\n", to: .standardOutput)
    }

    static func error(_ text: String) {
        write(text + "\n", to: .standardError)
    }

    /// Without an end of line, for what a terminal shows in place of the last.
    static func progress(_ text: String) {
        write(text, to: .standardError)
    }

    /// Else the first write to a pipe without a reader would end the process, before NIO ignores the signal.
    private static let ignoresBrokenPipes: Void = { _ = signal(SIGPIPE, SIG_IGN) }()

    @discardableResult
    private static func write(_ text: String, to file: FileHandle) -> Bool {
        _ = ignoresBrokenPipes
        // Not write(_:), which traps where the text cannot be written.
        return (try? file.write(contentsOf: Data(text.utf8))) != nil
    }
}
