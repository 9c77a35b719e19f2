import Foundation

@testable import BridgeConfiguration

/// Pairs of files: a configuration, and beside it the text that it leads to.
///
/// With `UPDATE_GOLDEN=1` in the environment the tests write the expected texts into the sources instead; read the
/// difference before it is committed.
enum Golden {
    static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    static let packageRoot = sources.deletingLastPathComponent().deletingLastPathComponent()
    static let resources = sources.appendingPathComponent("Resources")
    static let updates = ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1"

    static let environment = [
        "HOST": "backend.example", "TOKEN": "s3cret", "BROKEN": "a\r\nb", "EMPTY": "", "FOLDER": "folder",
        "JWKS": "https://issuer.example/keys", "SCHEME": "HTTPS",
    ]

    /// The names of the configurations in a folder, without extension.
    static func names(in folder: String) -> [String] {
        let files =
            (try? FileManager.default.contentsOfDirectory(atPath: resources.appendingPathComponent(folder).path)) ?? []
        return files.filter { $0.hasSuffix(".json5") }.map { String($0.dropLast(6)) }.sorted()
    }

    static func configuration(_ name: String, in folder: String) throws -> String {
        try String(contentsOf: resources.appendingPathComponent("\(folder)/\(name).json5"), encoding: .utf8)
    }

    static func expected(_ name: String, in folder: String, actual: String) throws -> String {
        let file = resources.appendingPathComponent("\(folder)/\(name).txt")
        if updates { try (actual + "\n").write(to: file, atomically: true, encoding: .utf8) }
        let text = try String(contentsOf: file, encoding: .utf8)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    static func parse(_ text: String) throws(ConfigurationErrors) -> BridgeConfiguration {
        try BridgeConfiguration.parse(
            text,
            fileName: "config.json",
            environment: environment,
            baseDirectory: resources.path
        )
    }

    /// The text of the errors, or what was accepted instead.
    static func errors(_ text: String) -> String {
        do throws(ConfigurationErrors) {
            return "accepted: \(try parse(text))"
        } catch {
            return error.description
        }
    }
}

/// A value as an indented tree, one leaf a line, for golden files.
func summary(of value: Any, label: String = "", indent: Int = 0) -> String {
    let margin = String(repeating: "  ", count: indent) + (label.isEmpty ? "" : label + ": ")
    let mirror = Mirror(reflecting: value)
    if mirror.displayStyle == .optional {
        guard let wrapped = mirror.children.first else { return margin + "none" }
        return summary(of: wrapped.value, label: label, indent: indent)
    }
    switch value {
    case let text as String: return margin + "\"\(text)\""
    case let values as [String: ParameterPattern]:
        return margin + values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
    case let leaf as any CustomStringConvertible where mirror.displayStyle != .collection:
        return margin + "\(leaf)"
    default: break
    }
    if mirror.children.isEmpty { return margin + (mirror.displayStyle == .collection ? "[]" : "\(value)") }
    let children = mirror.children.enumerated().map { index, child in
        summary(of: child.value, label: child.label ?? "\(index)", indent: indent + 1)
    }
    return ([margin.trimmingSuffix(" ")] + children).joined(separator: "\n")
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: Character) -> String {
        hasSuffix(String(suffix)) ? String(dropLast()) : self
    }
}
