/// The header section of an answer, kept as the bytes that arrived: most polls look at a few fields only.
struct ResponseHead {
    enum Refusal: Error, Equatable {
        case tooLarge
    }

    /// Field lines with their line ends, without status line and trailers.
    private var lines: [UInt8] = []
    private var isComplete = false
    private var received = 0
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    /// Takes a line as libcurl hands it to the header callback (CURLOPT_HEADERFUNCTION: one whole line at a time, the
    /// status line and the closing empty line among them, and trailers after the body). Interim answers (1xx) are
    /// overwritten by what follows them. Throws `tooLarge` where all lines together pass the limit.
    mutating func append(line: UnsafeRawBufferPointer) throws(Refusal) {
        received += line.count
        guard received <= limit else { throw .tooLarge }
        if line.starts(with: "HTTP/".utf8) {
            lines.removeAll(keepingCapacity: true)
            isComplete = false
        } else if line.allSatisfy({ $0 == 0x0D || $0 == 0x0A }) {
            isComplete = true
        } else if !isComplete {
            lines.append(contentsOf: line)
        }
    }

    /// Ready for the next answer.
    mutating func reset() {
        lines.removeAll(keepingCapacity: true)
        isComplete = false
        received = 0
    }

    /// Whether any line has come.
    var hasBegun: Bool { received > 0 }

    /// The fields that polls look at.
    enum Field: String, CaseIterable {
        case age
        case date
        case etag
        case location
        case retryAfter = "retry-after"
        case contentType = "content-type"
        case cacheControl = "cache-control"
        case lastModified = "last-modified"

        private static let names: [(field: Field, name: [UInt8])] = allCases.map { ($0, Array($0.rawValue.utf8)) }

        fileprivate init?(_ name: ArraySlice<UInt8>) {
            for (field, known) in Self.names where known.count == name.count {
                // Setting this bit makes letters lower case and leaves the hyphen as it is.
                if zip(name, known).allSatisfy({ $0 | 0x20 == $1 }) {
                    self = field
                    return
                }
            }
            return nil
        }
    }

    /// Every line of a known field, its value without surrounding white space.
    func forEach(_ body: (_ field: Field, _ value: String) -> Void) {
        forEachLine { name, value in
            if let field = Field(name) { body(field, String(decoding: value, as: UTF8.self)) }
        }
    }

    /// Every field line, the name as it came.
    var fields: [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        forEachLine { fields.append((String(decoding: $0, as: UTF8.self), String(decoding: $1, as: UTF8.self))) }
        return fields
    }

    func first(_ field: Field) -> String? {
        var found: String?
        forEach { if found == nil, $0 == field { found = $1 } }
        return found
    }

    private func forEachLine(_ body: (_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Void) {
        var rest = lines[...]
        while let end = rest.firstIndex(of: 0x0A) {
            let line = rest[..<end]
            rest = rest[(end + 1)...]
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            var value = line[(colon + 1)...]
            while let first = value.first, Self.isBlank(first) { value.removeFirst() }
            while let last = value.last, Self.isBlank(last) { value.removeLast() }
            body(line[..<colon], value)
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
}
