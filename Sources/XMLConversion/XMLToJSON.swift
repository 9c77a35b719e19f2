import CXML
import JSONDelta

/// Converts XML to JSON, by the convention that ``JSONBuilder`` draws, in one pass of libxml2's SAX parser.
///
/// Nothing but the text itself is ever read: entity declarations are refused, so nothing expands; an external subset is
/// not loaded. A reference to an entity that only an external subset declares stays as written (`&eacute;`).
package struct XMLToJSON: Sendable {
    private let arrays: ArrayNames
    private let limits: XMLLimits

    /// - Parameters:
    ///   - arrays: Places in the converted document that are arrays whatever the number of elements there.
    ///   - selection: The part of the document that `arrays` are meant within; nil for all of it.
    package init(
        arrays: [JSONPointerPattern] = [],
        below selection: JSONPointer? = nil,
        limits: XMLLimits = .standard
    ) {
        self.arrays = ArrayNames(arrays, below: selection)
        self.limits = limits
    }

    /// The JSON text of an XML document in UTF-8, whatever its declaration says.
    ///
    /// - Throws: ``XMLError`` for what is not well-formed (XML 1.0), declares entities, is an HTML page, or exceeds the
    ///   limits.
    package func convert(_ text: [UInt8]) throws(XMLError) -> [UInt8] {
        guard text.count <= Int(Int32.max) else { throw XMLError(line: 1, reason: "the text is larger than 2 GiB") }
        guard let parser = xmlNewParserCtxt() else { throw XMLError(line: 1, reason: "no memory to read it") }
        defer { xmlFreeParserCtxt(parser) }
        let reading = Reading(builder: JSONBuilder(arrays: arrays, limits: limits), parser: parser)
        parser.pointee.sax.pointee = Reading.handler
        parser.pointee.userData = Unmanaged.passUnretained(reading).toOpaque()
        let options =
            XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue
            // Without it, the parser hands out "&#38;" where an attribute says "&amp;". There are no other entities.
            | XML_PARSE_NOENT.rawValue | XML_PARSE_HUGE.rawValue
        let document = withExtendedLifetime(reading) {
            text.withUnsafeBytes { bytes in
                xmlCtxtReadMemory(
                    parser,
                    bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
                    Int32(bytes.count),
                    nil,
                    "UTF-8",
                    Int32(options)
                )
            }
        }
        // The handlers build no tree; this is for the day when a version of libxml2 begins one all the same.
        if let document { xmlFreeDoc(document) }
        if let refusal = reading.refusal { throw refusal }
        guard parser.pointee.wellFormed == 1, let result = reading.builder.result else {
            let error = xmlCtxtGetLastError(parser)
            let message = error?.pointee.message.map { String(cString: $0) } ?? "there is no element"
            let line = error.map { Int($0.pointee.line) } ?? 1
            throw XMLError(
                line: max(1, line),
                reason: String(message.split(separator: "\n").first ?? "not well-formed")
            )
        }
        return result
    }
}

/// One run of the parser: what its handlers share.
private final class Reading {
    var builder: JSONBuilder
    private(set) var refusal: XMLError?
    private let parser: xmlParserCtxtPtr

    init(builder: JSONBuilder, parser: xmlParserCtxtPtr) {
        self.builder = builder
        self.parser = parser
    }

    private func refuse(_ reason: String) {
        guard refusal == nil else { return }
        refusal = XMLError(line: max(1, Int(xmlSAX2GetLineNumber(parser))), reason: reason)
        xmlStopParser(parser)
    }

    private static func of(_ context: UnsafeMutableRawPointer?) -> Reading? {
        context.map { Unmanaged<Reading>.fromOpaque($0).takeUnretainedValue() }
    }

    static var handler: xmlSAXHandler {
        var handler = xmlSAXHandler()
        handler.initialized = UInt32(XML_SAX2_MAGIC)
        handler.startElementNs = { context, name, prefix, _, namespaceCount, namespaces, count, _, attributes in
            guard let reading = Reading.of(context), reading.refusal == nil else { return }
            var list: [(name: [UInt8], value: [UInt8])] = []
            for index in 0..<Int(namespaceCount) {
                guard let prefix = namespaces?[2 * index] else {
                    list.append((Array("xmlns".utf8), bytes(namespaces?[2 * index + 1])))
                    continue
                }
                list.append((Array("xmlns:".utf8) + bytes(prefix), bytes(namespaces?[2 * index + 1])))
            }
            for index in 0..<Int(count) {
                // Local name, prefix, namespace, where the value begins, where it ends.
                let start = attributes?[5 * index + 3]
                let end = attributes?[5 * index + 4]
                let name = qualifiedName(attributes?[5 * index], prefix: attributes?[5 * index + 1])
                guard let start, let end else { continue }
                list.append((name, Array(UnsafeBufferPointer(start: start, count: end - start))))
            }
            let name = qualifiedName(name, prefix: prefix)
            if reading.isFirst, String(decoding: name, as: UTF8.self).lowercased() == "html" {
                reading.refuse("an HTML page, not data")
                return
            }
            reading.isFirst = false
            reading.builder.start(name, attributes: list)
            if let reason = reading.builder.refusal { reading.refuse(reason) }
        }
        handler.endElementNs = { context, _, _, _ in
            guard let reading = Reading.of(context), reading.refusal == nil else { return }
            reading.builder.end()
            if let reason = reading.builder.refusal { reading.refuse(reason) }
        }
        let takeText: charactersSAXFunc = { context, text, count in
            guard let reading = Reading.of(context), reading.refusal == nil else { return }
            reading.builder.append(text: UnsafeBufferPointer(start: text, count: Int(count)))
        }
        handler.characters = takeText
        handler.ignorableWhitespace = takeText
        handler.cdataBlock = takeText
        handler.reference = { context, name in
            guard let reading = Reading.of(context), reading.refusal == nil else { return }
            let reference = Array("&".utf8) + bytes(name) + Array(";".utf8)
            reference.withUnsafeBufferPointer { reading.builder.append(text: $0) }
        }
        handler.entityDecl = { context, name, _, _, _, _ in
            Reading.of(context)?.refuse("it declares the entity \(String(decoding: bytes(name), as: UTF8.self))")
        }
        handler.serror = { _, _ in }
        return handler
    }

    private var isFirst = true
}

private func bytes(_ text: UnsafePointer<xmlChar>?) -> [UInt8] {
    guard let text else { return [] }
    return Array(UnsafeBufferPointer(start: text, count: Int(xmlStrlen(text))))
}

private func qualifiedName(_ name: UnsafePointer<xmlChar>?, prefix: UnsafePointer<xmlChar>?) -> [UInt8] {
    guard let prefix else { return bytes(name) }
    return bytes(prefix) + [UInt8(ascii: ":")] + bytes(name)
}
