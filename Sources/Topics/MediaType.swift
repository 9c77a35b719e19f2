/// A `Content-Type` value (RFC 9110 section 8.3), as far as the choice of a format needs it.
struct MediaType {
    /// Lower case, without parameters.
    let essence: String
    /// Lower case, without quotes; nil where the value names none.
    let charset: String?

    init(_ value: String) {
        let parts = value.utf8.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
        essence = parts.first?.text(without: " \t") ?? ""
        charset = parts.dropFirst().lazy
            .map { $0.split(separator: UInt8(ascii: "="), maxSplits: 1) }
            .first { $0.count == 2 && $0[0].text(without: " \t") == "charset" }
            .map { $0[1].text(without: " \t\"") }
    }

    /// What a body of this type is: JSON for `+json`, XML for `+xml`, text for `text/*`, else binary.
    var format: DocumentFormat {
        switch essence {
        case "application/json", "text/json", "application/x-json": .json
        case "application/xml", "text/xml": .xml
        case "application/javascript", "application/x-ndjson", "application/yaml": .text
        // Pages and pictures are for looking at, not data.
        case "application/xhtml+xml", "image/svg+xml": .text
        case let type where type.hasSuffix("+json"): .json
        case let type where type.hasSuffix("+xml"): .xml
        case let type where type.hasPrefix("text/"): .text
        default: .binary
        }
    }

    /// The type of a text that was converted to UTF-8; nil where the text names no charset, or this one already.
    var inUTF8: String? {
        guard let charset, charset != "utf-8" else { return nil }
        return "\(essence); charset=utf-8"
    }
}

extension Substring.UTF8View {
    /// In lower case, without these characters around it. Foundation's trimming costs more than all the rest that is done
    /// with a small body.
    fileprivate func text(without around: StaticString) -> String {
        around.withUTF8Buffer { around in
            let start = firstIndex { !around.contains($0) } ?? endIndex
            let rest = self[start...]
            let end = rest.lastIndex { !around.contains($0) }.map { rest.index(after: $0) } ?? start
            return Substring(rest[..<end]).lowercased()
        }
    }
}
