/// One range of a `Range` header in bytes (RFC 9110 section 14.1.2).
enum ByteRange: Equatable {
    /// `bytes=first-last`, or `bytes=first-` with no last.
    case from(first: Int, last: Int?)
    /// `bytes=-length`: the last bytes.
    case suffix(length: Int)

    /// nil for anything else, such as several ranges: a server may then ignore the header (section 14.2).
    init?(_ field: String) {
        guard field.hasPrefix("bytes=") else { return nil }
        let ends = field.dropFirst("bytes=".count).split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, ends.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else {
            return nil
        }
        switch (Int(ends[0]), Int(ends[1])) {
        case (let first?, nil) where ends[1].isEmpty: self = .from(first: first, last: nil)
        case (let first?, let last?) where first <= last: self = .from(first: first, last: last)
        case (nil, let length?) where ends[0].isEmpty: self = .suffix(length: length)
        default: return nil
        }
    }

    /// The bytes that are meant of so many; nil where there are none (416).
    func resolved(size: Int) -> ClosedRange<Int>? {
        switch self {
        case .from(let first, let last):
            return first < size ? first...min(last ?? size - 1, size - 1) : nil
        case .suffix(let length):
            return length > 0 && size > 0 ? max(0, size - length)...(size - 1) : nil
        }
    }
}
