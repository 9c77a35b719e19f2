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

    /// The body as UTF-8, converted from the named charset; nil where it is not valid in that charset.
    func convertedToUTF8(_ body: [UInt8]) -> [UInt8]? {
        switch charset {
        case nil, "utf-8", "utf8", "us-ascii":
            return String(validating: body, as: UTF8.self) == nil ? nil : body
        case "iso-8859-1", "latin1":
            // HTML and every browser read ISO-8859-1 as Windows-1252 (WHATWG Encoding, section 4.2).
            return String(data: Data(body), encoding: .windowsCP1252).map { Array($0.utf8) }
                ?? String(data: Data(body), encoding: .isoLatin1).map { Array($0.utf8) }
        case "windows-1252", "cp1252":
            return String(data: Data(body), encoding: .windowsCP1252).map { Array($0.utf8) }
        case "utf-16", "utf-16le", "utf-16be":
            let encoding: String.Encoding =
                charset == "utf-16le" ? .utf16LittleEndian : charset == "utf-16be" ? .utf16BigEndian : .utf16
            return String(data: Data(body), encoding: encoding).map { Array($0.utf8) }
        default:
            // An unknown name is no reason to refuse text that is plainly UTF-8.
            return String(validating: body, as: UTF8.self) == nil ? nil : body
        }
    }
}
