import Foundation

/// Conversion of text to UTF-8 from whatever the upstream wrote it in.
enum TextEncoding {
    /// The text in UTF-8, without a byte order mark; nil where it is not valid in its character set.
    ///
    /// A byte order mark says what it is (RFC 7303 section 3.2), else the name does, else it is UTF-8. An unknown name is
    /// no reason to refuse text that is plainly UTF-8.
    static func utf8(_ text: [UInt8], named name: String?) -> [UInt8]? {
        if text.starts(with: [0xEF, 0xBB, 0xBF]) { return validated(Array(text.dropFirst(3))) }
        if text.starts(with: [0xFE, 0xFF]) { return convert(Array(text.dropFirst(2)), from: "UTF-16BE") }
        if text.starts(with: [0xFF, 0xFE]) { return convert(Array(text.dropFirst(2)), from: "UTF-16LE") }
        switch name {
        case nil, "utf-8", "utf8", "us-ascii", "ascii":
            return validated(text)
        case "iso-8859-1", "iso8859-1", "latin1", "l1", "windows-1252", "cp1252":
            // Every browser reads ISO-8859-1 as Windows-1252 (WHATWG Encoding, section 4.2), in which five bytes mean
            // nothing; these are the control characters of ISO-8859-1 then.
            return
                (String(data: Data(text), encoding: .windowsCP1252)
                ?? String(data: Data(text), encoding: .isoLatin1)).map { Array($0.utf8) }
        case "utf-16", "utf-16le", "ucs-2":
            return convert(text, from: "UTF-16LE")
        case let name?:
            return convert(text, from: supersets[name] ?? name) ?? (isKnown(name) ? nil : validated(text))
        }
    }

    /// The encoding that an XML declaration names (XML 1.0 section 4.3.3), in lower case.
    static func declared(inXML text: [UInt8]) -> String? {
        guard text.starts(with: Array("<?xml".utf8)), let end = text.prefix(256).firstIndex(of: UInt8(ascii: ">"))
        else {
            return nil
        }
        let declaration = String(decoding: text[..<end], as: UTF8.self)
        guard let match = declaration.firstMatch(of: /encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._\-]*)["']/) else {
            return nil
        }
        return match.1.lowercased()
    }

    /// Names under which more than the standard of that name is written (WHATWG Encoding, section 4.2).
    private static let supersets = [
        "shift_jis": "CP932", "shift-jis": "CP932", "x-sjis": "CP932", "sjis": "CP932", "euc-kr": "CP949",
        "ks_c_5601-1987": "CP949", "gb2312": "GB18030", "gbk": "GB18030", "iso-8859-9": "CP1254", "big5": "BIG5-HKSCS",
    ]

    private static func validated(_ text: [UInt8]) -> [UInt8]? {
        String(validating: text, as: UTF8.self) == nil ? nil : text
    }

    private static func isKnown(_ name: String) -> Bool {
        guard let converter = open(name) else { return false }
        iconv_close(converter)
        return true
    }

    private static func open(_ name: String) -> iconv_t? {
        // A suffix such as //IGNORE would change how it converts, and no character set's name has such characters.
        guard name.utf8.count <= 40,
            name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "._-:".contains($0)) })
        else { return nil }
        guard let converter = iconv_open("UTF-8", name), converter != iconv_t(bitPattern: -1) else { return nil }
        return converter
    }

    private static func convert(_ text: [UInt8], from name: String) -> [UInt8]? {
        guard let converter = open(name) else { return nil }
        defer { iconv_close(converter) }
        var input = text.map { CChar(bitPattern: $0) }
        var output: [UInt8] = []
        var chunk = [CChar](repeating: 0, count: 16_384)
        return input.withUnsafeMutableBufferPointer { input -> [UInt8]? in
            var source = input.baseAddress
            var sourceLeft = input.count
            while sourceLeft > 0 {
                let (result, error, written) = chunk.withUnsafeMutableBufferPointer { chunk in
                    var target = chunk.baseAddress
                    var targetLeft = chunk.count
                    let result = iconv(converter, &source, &sourceLeft, &target, &targetLeft)
                    return (result, errno, chunk.count - targetLeft)
                }
                output.append(contentsOf: chunk[..<written].lazy.map { UInt8(bitPattern: $0) })
                // Out of room is the only failure that leaves something to go on with.
                if result == -1, error != E2BIG { return nil }
            }
            return output
        }
    }
}
