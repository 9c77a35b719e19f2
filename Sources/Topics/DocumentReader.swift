import JSONDelta
import XMLConversion

/// How the body of an answer becomes a document.
package enum DocumentFormat: String, Sendable, CaseIterable {
    /// By `Content-Type`.
    case auto
    case json
    case xml
    case text
    case binary
}

/// Why an answer is no document. The last good document stays.
package struct DocumentRejection: Error, CustomStringConvertible {
    /// What a person needs to know, such as `not JSON at line 1, column 1: …`.
    package let reason: String
    package var description: String { reason }
}

/// Turns the body of an upstream's answer into a ``Document``. Runs off the event loops.
package struct DocumentReader: Sendable {
    /// What a body is taken for; `auto`: what its media type says.
    package var format: DocumentFormat
    /// Only this part of a document is delivered (RFC 6901).
    package var selection: JSONPointer?
    private let xml: XMLToJSON

    /// - Parameter arrays: places in the selected part of an XML document that are arrays, even of one element or none.
    package init(format: DocumentFormat = .auto, selection: JSONPointer? = nil, arrays: [JSONPointerPattern] = []) {
        self.format = format
        self.selection = selection
        xml = XMLToJSON(arrays: arrays, below: selection)
    }

    /// Whether a body is read in microseconds: a small one that needs no conversion.
    func isQuick(_ body: [UInt8], contentType: String?) -> Bool {
        guard body.count <= Self.quickBody else { return false }
        switch format == .auto ? contentType.map(MediaType.init)?.format : format {
        case .xml: return false
        case .json, .text, .binary, .auto, nil: return true
        }
    }

    static let quickBody = 8 << 10

    /// - Parameter digest: the version that `body` would be, delivered as it is, where it is known already.
    /// - Throws: ``DocumentRejection`` for a body that is not what the format promises: an HTML error page behind a
    ///   200, text that is not UTF-8, a document without the selected part.
    func read(_ body: [UInt8], contentType: String?, digest: VersionID? = nil) throws(DocumentRejection) -> Document {
        let (content, type) = try read(body, contentType)
        // What is delivered as it came need not be hashed twice.
        return Document(content: content, contentType: type, id: content.bytes == body ? digest : nil)
    }

    private func read(
        _ body: [UInt8],
        _ contentType: String?
    ) throws(DocumentRejection) -> (content: Document.Content, contentType: String) {
        let mediaType = contentType.map(MediaType.init) ?? MediaType("")
        switch format == .auto ? mediaType.format : format {
        case .json:
            return (.json(try readJSON(body, mediaType)), mediaType.inUTF8 ?? contentType ?? "application/json")
        case .xml:
            return (.json(try readXML(body, mediaType)), "application/json")
        case .text:
            return (
                .text(try readText(body, charset: mediaType.charset)),
                mediaType.inUTF8 ?? contentType ?? "text/plain; charset=utf-8"
            )
        case .binary, .auto:
            return (.binary(body), contentType ?? "application/octet-stream")
        }
    }

    private func readJSON(_ body: [UInt8], _ mediaType: MediaType) throws(DocumentRejection) -> JSONDocument {
        // RFC 8259 section 8.1 wants UTF-8 without a byte order mark, and lets a parser be more generous; old backends
        // send all sorts.
        let text = try readText(body, charset: mediaType.charset)
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: text)
        } catch {
            let looksLikeMarkup = text.first { !$0.isJSONWhitespace } == UInt8(ascii: "<")
            throw DocumentRejection(
                reason: looksLikeMarkup
                    ? "expected JSON and found markup (an HTML page behind a good status?)" : "not JSON: \(error)"
            )
        }
        return try select(document)
    }

    private func readXML(_ body: [UInt8], _ mediaType: MediaType) throws(DocumentRejection) -> JSONDocument {
        // The parameter wins over the declaration (RFC 7303 section 3.2).
        let charset = mediaType.charset ?? TextEncoding.declared(inXML: body)
        let text = try readText(body, charset: charset)
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: try xml.convert(text))
        } catch {
            throw DocumentRejection(reason: "not XML data: \(error)")
        }
        return try select(document)
    }

    private func select(_ document: JSONDocument) throws(DocumentRejection) -> JSONDocument {
        guard let selection else { return document }
        guard let part = document.select(selection) else {
            throw DocumentRejection(reason: "the document has nothing at \(selection.text)")
        }
        return part
    }

    private func readText(_ body: [UInt8], charset: String?) throws(DocumentRejection) -> [UInt8] {
        guard let converted = TextEncoding.utf8(body, named: charset) else {
            throw DocumentRejection(reason: "the text is not valid \(charset ?? "UTF-8")")
        }
        return converted
    }
}

extension UInt8 {
    /// RFC 8259 section 2.
    fileprivate var isJSONWhitespace: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }
}
