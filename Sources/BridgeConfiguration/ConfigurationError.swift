/// One mistake in a configuration, with what a person needs to mend it.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Where the mistake is, as a path from the top of the document: `routes[2].poll.url`. Empty for the document
    /// as a whole and for syntax errors.
    package let path: String
    /// What is wrong.
    package let message: String
    /// How to mend it, or nil where the message says it all.
    package let hint: String?
    /// The line in the file, from 1; nil where the mistake has no line (the file is missing).
    package let line: Int?
    /// The column in Unicode scalars, from 1; only syntax errors have one.
    package let column: Int?

    /// A mistake at a place; what is not given is not known.
    package init(path: String, message: String, hint: String? = nil, line: Int? = nil, column: Int? = nil) {
        self.path = path
        self.message = message
        self.hint = hint
        self.line = line
        self.column = column
    }

    /// `routes[2].poll.url: message (hint)`, without the file and the line.
    package var description: String {
        (path.isEmpty ? "" : path + ": ") + message + (hint.map { " (\($0))" } ?? "")
    }
}

/// Every mistake of one configuration, in the order of the file.
package struct ConfigurationErrors: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file's name as the user gave it.
    package let fileName: String
    /// At least one error.
    package let errors: [ConfigurationError]

    /// - Parameter errors: at least one, in the order of the file.
    package init(fileName: String, errors: [ConfigurationError]) {
        self.fileName = fileName
        self.errors = errors
    }

    /// One error a line, in the form editors and terminals can follow:
    /// `config.json:12: routes[2].poll.url: message (hint)`; syntax errors carry the column too.
    package var description: String {
        errors.map { error in
            let place = [fileName, error.line.map(String.init), error.column.map(String.init)].compactMap(\.self)
            return place.joined(separator: ":") + ": " + error.description
        }.joined(separator: "\n")
    }
}

/// What a value's own parser has to say, before the place of the value is known.
struct Mistake: Error, Equatable {
    let message: String
    var hint: String?

    init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }
}
