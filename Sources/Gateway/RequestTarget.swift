/// The target of a request (RFC 9112 section 3.2), taken apart.
struct RequestTarget: Sendable, Equatable {
    /// As it was sent, without the query.
    let rawPath: String
    /// Percent-decoded, split before decoding: an encoded slash stays inside its segment.
    let segments: [String]
    /// Percent-decoded, in order; `+` means a space.
    let query: [(name: String, value: String)]

    /// nil for a target that is no path, whose percent-encoding is not valid UTF-8, or that has what could begin a line
    /// where it is written down.
    init?(_ target: String) {
        guard !target.hasLineBreaksOrControls else { return nil }
        var rest = Substring(target)
        for scheme in ["http://", "https://"] where rest.lowercased().hasPrefix(scheme) {
            // absolute-form: the authority is of no interest, the Host header counts (RFC 9112 section 3.2.2).
            rest = rest.dropFirst(scheme.count)
            rest = rest[(rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex)...]
            if rest.isEmpty || rest.first == "?" { rest = "/" + rest }
        }
        guard rest.first == "/" else { return nil }
        let parts = rest.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        rawPath = String(parts[0])
        var segments: [String] = []
        for raw in parts[0].dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard let segment = raw.percentDecoded() else { return nil }
            segments.append(segment)
        }
        // `/` has one empty segment after splitting, and none in a pattern; a trailing slash is kept as an empty one.
        self.segments = segments == [""] ? [] : segments
        var query: [(String, String)] = []
        for item in (parts.count > 1 ? parts[1] : "").split(separator: "&") {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = pair[0].percentDecoded(plusIsSpace: true),
                let value = (pair.count > 1 ? pair[1] : "").percentDecoded(plusIsSpace: true)
            else { return nil }
            query.append((name, value))
        }
        self.query = query
    }

    /// The first value of a query parameter.
    func query(_ name: String) -> String? {
        query.first { $0.name == name }?.value
    }

    static func == (left: RequestTarget, right: RequestTarget) -> Bool {
        left.rawPath == right.rawPath && left.segments == right.segments
            && left.query.elementsEqual(right.query) { $0 == $1 }
    }
}

extension String {
    /// HTTP lets none of them through, but a topic in JSON may have any.
    fileprivate var hasLineBreaksOrControls: Bool {
        unicodeScalars.contains { scalar in
            guard !scalar.isASCII else { return scalar.value < 0x20 || scalar.value == 0x7F }
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: return true
            default: return false
            }
        }
    }
}

extension Substring {
    /// nil for a broken escape, or where the bytes are not UTF-8.
    fileprivate func percentDecoded(plusIsSpace: Bool = false) -> String? {
        guard utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else { return String(self) }
        var bytes: [UInt8] = []
        var rest = utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst()?.hexValue, let low = rest.popFirst()?.hexValue else { return nil }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension UInt8 {
    fileprivate var hexValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
