import Foundation

/// A `Content-Type` value (RFC 9110 section 8.3), as far as the choice of a format needs it.
struct MediaType {
    /// Lower case, without parameters.
    let essence: String
    /// Lower case, without quotes; nil where the value names none.
    let charset: String?

    init(_ value: String) {
        let parts = value.split(separator: ";", omittingEmptySubsequences: false)
            .map { $0.trimmingCharacters(in: .whitespaces) }
        essence = parts.first?.lowercased() ?? ""
        charset = parts.dropFirst().lazy
            .map { $0.split(separator: "=", maxSplits: 1) }
            .first { $0.count == 2 && $0[0].lowercased() == "charset" }
            .map { $0[1].trimmingCharacters(in: CharacterSet(charactersIn: "\" ")).lowercased() }
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
