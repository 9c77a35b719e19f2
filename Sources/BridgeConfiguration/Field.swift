import Foundation

/// What reading a configuration needs beside its text, and the errors found so far.
final class Reading {
    let environment: [String: String]
    /// Relative file names in the configuration start here.
    let baseDirectory: String
    /// Looks into the files that are named; nil: it is enough that they exist.
    let inspector: (any FileInspector)?
    private(set) var errors: [ConfigurationError] = []

    init(environment: [String: String], baseDirectory: String, inspector: (any FileInspector)?) {
        self.environment = environment
        self.baseDirectory = baseDirectory
        self.inspector = inspector
    }

    func fail(_ path: String, line: Int, _ message: String, hint: String?) {
        errors.append(ConfigurationError(path: path, message: message, hint: hint, line: line))
    }
}

/// A value of the configuration with its place.
///
/// Every accessor gives the value, or reports what is wrong and gives nil: reading goes on with the default, so that
/// all mistakes are found in one run.
struct Field {
    let node: JSON5Node
    let path: String
    let reading: Reading

    func fail(_ message: String, hint: String? = nil) {
        reading.fail(path, line: node.line, message, hint: hint)
    }

    private func expected(_ what: String, hint: String? = nil) {
        fail("expected \(what), found \(node.found)", hint: hint)
    }

    /// The field of one member or item of this one.
    func child(_ node: JSON5Node, key: String) -> Field {
        let isPlain =
            !key.isEmpty && key.utf8.allSatisfy { ASCII.isLetter($0) || ASCII.isDigit($0) || "_$".utf8.contains($0) }
        let step = isPlain ? (path.isEmpty ? key : ".\(key)") : "[\(quoted(key))]"
        return Field(node: node, path: path + step, reading: reading)
    }

    // MARK: Containers

    /// An object with these keys and no others.
    func section(keys: [String]) -> Section? {
        guard let members = members(expected: "an object") else { return nil }
        for member in members where !keys.contains(member.key) {
            let nearest = Spelling.nearest(to: member.key, in: keys)
            let hint = nearest.map { "did you mean \(quoted($0))?" } ?? "known keys: \(keys.joined(separator: ", "))"
            member.field.reading.fail(member.field.path, line: member.line, "unknown key", hint: hint)
        }
        return Section(field: self, keys: keys, members: members)
    }

    /// The members of an object with keys of the user's choice; a key that is there twice has been reported.
    func members(expected what: String) -> [(key: String, line: Int, field: Field)]? {
        guard case .object(let members) = node.value else {
            expected(what)
            return nil
        }
        return members.map { ($0.key, $0.line, child($0.value, key: $0.key)) }
    }

    func list(expected what: String = "a list") -> [Field]? {
        guard case .array(let items) = node.value else {
            expected(what)
            return nil
        }
        return items.enumerated().map { Field(node: $1, path: "\(path)[\($0)]", reading: reading) }
    }

    /// A list in which no value stands twice.
    func distinctList<Value: Hashable>(_ parse: (String) throws(Mistake) -> Value) -> [Value]? {
        guard let items = list() else { return nil }
        var values: [Value] = []
        for item in items {
            guard let value = item.parsed(parse) else { continue }
            if values.contains(value) { item.fail("stands in the list twice") } else { values.append(value) }
        }
        return values
    }

    // MARK: Values

    /// A string with the environment filled in.
    func string(expected what: String = "a string", hint: String? = nil) -> String? {
        guard case .string(let text) = node.value else {
            expected(what, hint: hint)
            return nil
        }
        do {
            return try Substitution.expand(text, environment: reading.environment)
        } catch {
            fail(error.message, hint: error.hint)
            return nil
        }
    }

    /// A string with a form of its own.
    func parsed<Value>(
        _ parse: (String) throws(Mistake) -> Value,
        example: String? = nil,
        hint: String? = nil
    ) -> Value? {
        guard let text = string(expected: example.map { "a string such as \($0)" } ?? "a string", hint: hint) else {
            return nil
        }
        do {
            return try parse(text)
        } catch {
            fail(error.message, hint: error.hint)
            return nil
        }
    }

    func boolean() -> Bool? {
        if case .boolean(let value) = node.value { return value }
        expected("true or false")
        return nil
    }

    func integer(in range: ClosedRange<Int>) -> Int? {
        if case .number(let number, _) = node.value, let value = Int(exactly: number), range.contains(value) {
            return value
        }
        expected("a whole number from \(range.lowerBound) to \(range.upperBound)")
        return nil
    }

    func positiveNumber() -> Double? {
        if case .number(let number, _) = node.value, number > 0, number <= 1_000_000 { return number }
        expected("a number more than 0 and at most 1000000")
        return nil
    }

    /// A duration such as `"2s"`.
    func duration(zeroAllowed: Bool = false) -> Duration? {
        var hint: String?
        if case .number(_, let text) = node.value, text.utf8.allSatisfy(ASCII.isDigit) {
            hint = "write \"\(text)s\" for seconds or \"\(text)ms\" for milliseconds"
        }
        guard let value = parsed(Duration.init(parsing:), example: "\"2s\"", hint: hint) else { return nil }
        if value == .zero, !zeroAllowed {
            fail("must be longer than zero")
            return nil
        }
        return value
    }

    /// A size in bytes such as `"64KiB"`.
    func size(in range: ClosedRange<Int>) -> Int? {
        var hint: String?
        if case .number(_, let text) = node.value, text.utf8.allSatisfy(ASCII.isDigit) {
            let bytes = Int(text).map(Size.text) ?? "\(text)B"
            hint = "write \"\(bytes)\" for that many bytes"
        }
        guard let value = parsed(Size.parse, example: "\"64KiB\"", hint: hint) else { return nil }
        guard range.contains(value) else {
            fail("must be from \(Size.text(range.lowerBound)) to \(Size.text(range.upperBound)), found \(node.found)")
            return nil
        }
        return value
    }

    /// One of a few words.
    func choice<Choice: RawRepresentable & CaseIterable>(_: Choice.Type) -> Choice? where Choice.RawValue == String {
        let words = Choice.allCases.map(\.rawValue)
        let shown = words.map(quoted).joined(separator: ", ")
        guard let text = string(expected: "one of \(shown)") else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        fail(
            "expected one of \(shown), found \(quoted(text))",
            hint: Spelling.nearest(to: text, in: words).map { "did you mean \(quoted($0))?" }
        )
        return nil
    }

    /// The absolute path of a file that exists and holds what it should.
    func existingFile(_ content: FileContent) -> String? {
        guard let path = existingPath(.file) else { return nil }
        if let complaint = reading.inspector?.complaint(about: path, as: content) {
            fail("the file \(quoted(path)) \(complaint)")
            return nil
        }
        return path
    }

    /// Checks that a private key is that of a certificate. This field is the key's.
    func checkKey(_ key: String?, of certificate: String?) {
        guard let key, let certificate,
            let complaint = reading.inspector?.complaint(aboutKey: key, of: certificate)
        else { return }
        fail("the file \(quoted(key)) \(complaint)")
    }

    enum PathKind {
        case file, folder
    }

    /// The absolute path of a file or folder that exists; a relative one starts at the configuration's folder.
    func existingPath(_ kind: PathKind) -> String? {
        guard let text = string() else { return nil }
        if text.isEmpty {
            fail("is empty")
            return nil
        }
        let absolute = URL(
            fileURLWithPath: text,
            relativeTo: URL(fileURLWithPath: reading.baseDirectory, isDirectory: true)
        )
        .standardizedFileURL.path
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: absolute, isDirectory: &isFolder) else {
            fail(
                "the \(kind) \(quoted(text)) does not exist",
                hint: text.hasPrefix("/") ? nil : "relative names start at the configuration's folder"
            )
            return nil
        }
        guard isFolder.boolValue == (kind == .folder) else {
            fail("\(quoted(text)) is not a \(kind)")
            return nil
        }
        return absolute
    }
}

/// An object of the configuration whose keys are known.
struct Section {
    let field: Field
    private let keys: [String]
    private let members: [String: Field]

    init(field: Field, keys: [String], members: [(key: String, line: Int, field: Field)]) {
        self.field = field
        self.keys = keys
        self.members = Dictionary(members.map { ($0.key, $0.field) }, uniquingKeysWith: { first, _ in first })
    }

    subscript(key: String) -> Field? {
        assert(keys.contains(key), "\(key) is read, but not a known key")
        return members[key]
    }

    /// The field, or a report that it is missing.
    func required(_ key: String) -> Field? {
        if let field = self[key] { return field }
        let path = field.path.isEmpty ? key : "\(field.path).\(key)"
        field.reading.fail(path, line: field.node.line, "is missing", hint: nil)
        return nil
    }
}
