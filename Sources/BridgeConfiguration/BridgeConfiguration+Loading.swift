import Foundation

extension BridgeConfiguration {
    /// Larger files are refused unread.
    static let maximumFileSize = 4 * Size.mebibyte

    /// Reads, expands and validates a configuration file.
    ///
    /// Blocks while it reads files: call it before the event loops start, or off them.
    ///
    /// - Parameters:
    ///   - file: The file; relative names inside it start at its folder.
    ///   - environment: What `${NAME}` in strings stands for.
    ///   - inspector: Looks into the files that are named; nil: it is enough that they exist.
    /// - Throws: All mistakes of the file at once; a syntax error comes alone.
    package static func load(
        file: String,
        environment: [String: String],
        inspector: (any FileInspector)? = nil
    ) throws(ConfigurationErrors) -> BridgeConfiguration {
        let bytes: [UInt8]
        do {
            guard let handle = FileHandle(forReadingAtPath: file) else {
                let exists = FileManager.default.fileExists(atPath: file)
                if exists { throw Mistake("the file cannot be read", hint: "its owner and mode do not let this user") }
                throw Mistake("there is no such file", hint: "name one with --config; pushbridge demo needs none")
            }
            defer { try? handle.close() }
            // One byte more than allowed, so that parse sees that the file is too large.
            bytes = Array(try handle.read(upToCount: maximumFileSize + 1) ?? Data())
        } catch {
            let mistake = (error as? Mistake) ?? Mistake("the file cannot be read")
            let reported = ConfigurationError(path: "", message: mistake.message, hint: mistake.hint)
            throw ConfigurationErrors(fileName: file, errors: [reported])
        }
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent().path
        return try parse(
            bytes,
            fileName: file,
            environment: environment,
            baseDirectory: folder,
            inspector: inspector
        )
    }

    /// Reads, expands and validates a configuration that is in memory.
    ///
    /// - Parameters:
    ///   - text: JSON5, at most 4 MiB.
    ///   - fileName: The name in error messages.
    ///   - environment: What `${NAME}` in strings stands for.
    ///   - baseDirectory: Where relative file names start.
    /// - Throws: All mistakes at once; a syntax error comes alone.
    package static func parse(
        _ text: String,
        fileName: String,
        environment: [String: String] = [:],
        baseDirectory: String = "."
    ) throws(ConfigurationErrors) -> BridgeConfiguration {
        try parse(Array(text.utf8), fileName: fileName, environment: environment, baseDirectory: baseDirectory)
    }

    /// The same for bytes that may not be UTF-8 (which is an error).
    package static func parse(
        _ bytes: [UInt8],
        fileName: String,
        environment: [String: String] = [:],
        baseDirectory: String = ".",
        inspector: (any FileInspector)? = nil
    ) throws(ConfigurationErrors) -> BridgeConfiguration {
        let root: JSON5Node
        do throws(ConfigurationError) {
            root = try JSON5Parser.parse(decode(bytes))
        } catch {
            throw ConfigurationErrors(fileName: fileName, errors: [error])
        }
        let reading = Reading(environment: environment, baseDirectory: baseDirectory, inspector: inspector)
        let field = Field(node: root, path: "", reading: reading)
        reportDuplicates(in: field)
        let configuration = BridgeConfiguration(reading: field)
        guard let configuration, reading.errors.isEmpty else {
            // In the order of the file; sorting by index too keeps the order of errors on one line.
            let errors = reading.errors.enumerated().sorted {
                ($0.element.line ?? 0, $0.offset) < ($1.element.line ?? 0, $1.offset)
            }
            throw ConfigurationErrors(fileName: fileName, errors: errors.map(\.element))
        }
        return configuration
    }

    private static func decode(_ bytes: [UInt8]) throws(ConfigurationError) -> String {
        if bytes.count > maximumFileSize {
            throw ConfigurationError(path: "", message: "the file is larger than \(Size.text(maximumFileSize))")
        }
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        var decoder = UTF8()
        var input = bytes.makeIterator()
        var (line, column) = (1, 1)
        while case .scalarValue(let scalar) = decoder.decode(&input) {
            (line, column) = scalar == "\n" ? (line + 1, 1) : (line, column + 1)
        }
        throw ConfigurationError(path: "", message: "the file is not UTF-8", line: line, column: column)
    }

    /// JSON leaves open which of two equal keys counts; a person who wrote both meant something else.
    private static func reportDuplicates(in field: Field) {
        switch field.node.value {
        case .object(let members):
            var firstLine: [String: Int] = [:]
            for member in members {
                let child = field.child(member.value, key: member.key)
                if let first = firstLine[member.key] {
                    field.reading.fail(
                        child.path,
                        line: member.line,
                        "stands twice in the same object",
                        hint: "the other is on line \(first)"
                    )
                } else {
                    firstLine[member.key] = member.line
                }
                reportDuplicates(in: child)
            }
        case .array: field.list()?.forEach(reportDuplicates)
        default: break
        }
    }
}
