import JSONDelta

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
    package var format: DocumentFormat
    /// Only this part of a JSON document is delivered (RFC 6901).
    package var selection: JSONPointer?

    package init(format: DocumentFormat = .auto, selection: JSONPointer? = nil) {
        self.format = format
        self.selection = selection
    }

    /// - Throws: ``DocumentRejection`` for a body that is not what the format promises: an HTML error page behind a
    ///   200, text that is not UTF-8, a document without the selected part.
    func read(_ body: [UInt8], contentType: String?) throws(DocumentRejection) -> Document {
        let mediaType = contentType.map(MediaType.init) ?? MediaType("")
        switch format == .auto ? mediaType.format : format {
        case .json:
            return Document(
                content: .json(try readJSON(body, mediaType)),
                contentType: contentType ?? "application/json"
            )
        case .xml:
            return Document(
                content: .text(try readText(body, mediaType)),
                contentType: mediaType.inUTF8 ?? contentType ?? "application/xml"
            )
        case .text:
            return Document(
                content: .text(try readText(body, mediaType)),
                contentType: mediaType.inUTF8 ?? contentType ?? "text/plain; charset=utf-8"
            )
        case .binary, .auto:
            return Document(content: .binary(body), contentType: contentType ?? "application/octet-stream")
        }
    }

    private func readJSON(_ body: [UInt8], _ mediaType: MediaType) throws(DocumentRejection) -> JSONDocument {
        // RFC 8259 section 8.1 lets a parser ignore a byte order mark; old backends send it.
        let text = body.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(body.dropFirst(3)) : body
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
        guard let selection else { return document }
        guard let part = document.select(selection) else {
            throw DocumentRejection(reason: "the document has nothing at \(selection.text)")
        }
        return part
    }

    private func readText(_ body: [UInt8], _ mediaType: MediaType) throws(DocumentRejection) -> [UInt8] {
        guard let converted = mediaType.convertedToUTF8(body) else {
            throw DocumentRejection(reason: "the text is not valid \(mediaType.charset ?? "UTF-8")")
        }
        return converted
    }
}

extension UInt8 {
    /// RFC 8259 section 2.
    fileprivate var isJSONWhitespace: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }
}
