import Foundation
import Testing

@testable import BridgeConfiguration

/// The tables of docs/configuration.md against the schema, which another suite compares with the model.
@Suite("The reference of the configuration")
struct ReferenceDocumentTests {
    /// Where each object of the schema has a table of its own; the last table of a section may be another object's.
    private static let sections: [(heading: String, object: String)] = [
        ("## Top level", ""), ("### TLS on a listener", "listenTLS"), ("### limits", "limits"),
        ("### keepAlive", "keepAlive"), ("### access", "access"), ("#### jwt", "tokens"),
        ("#### request", "subrequest"), ("### upstream", "upstream"), ("## Routes", "route"), ("### poll", "poll"),
        ("### poll", "send"), ("### tunnel", "tunnel"), ("### channel", "channel"), ("### multiplex", "multiplex"),
        ("### files", "files"),
    ]
    /// The kinds of a route have sections; `$schema` is for editors.
    private static let elsewhere: Set<String> = ["path", "poll", "tunnel", "channel", "multiplex", "files", "$schema"]

    private let document: String
    private let schema: [String: Any]

    init() throws {
        let root = Golden.packageRoot
        document = try String(contentsOf: root.appendingPathComponent("docs/configuration.md"), encoding: .utf8)
        let data = try Data(contentsOf: root.appendingPathComponent("config.schema.json"))
        schema = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    private func properties(_ object: String) throws -> [String: [String: Any]] {
        let definitions = try #require(schema["$defs"] as? [String: [String: Any]])
        let found = object.isEmpty ? schema : try #require(definitions[object], "\(object)")
        return try #require(found["properties"] as? [String: [String: Any]])
    }

    /// The tables below a heading, each as {key: (meaning, default)}.
    private func tables(_ heading: String) throws -> [[String: (meaning: String, usual: String)]] {
        let lines = document.split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex { $0 == heading }, "no heading \"\(heading)\"")
        var tables: [[String: (meaning: String, usual: String)]] = []
        for line in lines[(start + 1)...] {
            if line.hasPrefix("#") { break }
            if line.hasPrefix("| key |") { tables.append([:]) }
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 3, let key = cells[0].wholeMatch(of: /`(\w+)`/)?.output.1, !tables.isEmpty else {
                continue
            }
            tables[tables.count - 1][String(key)] = (cells[1], cells[2])
        }
        return tables
    }

    @Test("every key of the schema has its line, and every line its key", arguments: sections)
    func keys(heading: String, object: String) throws {
        let table = try #require(object == "send" ? try tables(heading).last : try tables(heading).first)
        let keys = Set(try properties(object).keys).subtracting(Self.elsewhere)
        #expect(Set(table.keys).subtracting(Self.elsewhere) == keys, "\(heading)")
    }

    @Test("the defaults are the schema's", arguments: sections)
    func defaults(heading: String, object: String) throws {
        let table = try #require(object == "send" ? try tables(heading).last : try tables(heading).first)
        for (key, property) in try properties(object) {
            guard let usual = property["default"], let line = table[key] else { continue }
            let json = try JSONSerialization.data(withJSONObject: [usual], options: [.withoutEscapingSlashes])
            let text = String(decoding: json, as: UTF8.self).dropFirst().dropLast()
            let written = line.usual.filter { !"`{}[] ".contains($0) }
            let isThere = usual is [Any] ? !written.isEmpty : written.hasPrefix(text.filter { !"`{}[] ".contains($0) })
            #expect(isThere, "\(heading), \(key): the schema says \(text), the document \(line.usual)")
        }
    }

    /// Objects in a line of another's table.
    private static let lines: [(object: String, heading: String, line: String)] = [
        ("listen", "## Top level", "listen"), ("admin", "## Top level", "admin"), ("passwords", "### access", "basic"),
        ("routeLimits", "## Routes", "limits"), ("interval", "### poll", "interval"), ("tls", "### poll", "tls"),
        ("backendTLS", "### tunnel", "tls"),
    ]

    @Test("objects without a table are described where they are used", arguments: lines)
    func inner(object: String, heading: String, line: String) throws {
        let meaning = try #require(try tables(heading).first?[line]?.meaning)
        for key in try properties(object).keys {
            #expect(meaning.firstMatch(of: try Regex("\\b\(key)\\b")) != nil, "\(heading), \(line): \(key)")
        }
    }

    @Test("no object of the schema is left out")
    func objects() throws {
        let definitions = try #require(schema["$defs"] as? [String: [String: Any]])
        let described = Self.sections.map(\.object) + Self.lines.map(\.object)
        #expect(Set(definitions.filter { $0.value["properties"] != nil }.keys).subtracting(described).isEmpty)
    }
}
