/// Cuts a byte stream into lines ended by LF, and never holds more than one line's limit.
struct LineSplitter {
    enum Line: Equatable {
        /// Without its end, without control characters, with U+FFFD in the place of what is not UTF-8.
        case text(String)
        /// Longer than the limit: what it said is lost.
        case tooLong
    }

    private let limit: Int
    private var pending: [UInt8] = []
    private var isTooLong = false

    /// - Parameter limit: The most bytes a line may have, without its end.
    init(limit: Int) {
        self.limit = limit
    }

    /// The lines that these bytes complete.
    mutating func append(_ bytes: some Sequence<UInt8>) -> [Line] {
        var lines: [Line] = []
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                lines.append(takeLine())
            } else if pending.count < limit {
                pending.append(byte)
            } else if byte != UInt8(ascii: "\r") {
                isTooLong = true
            }
        }
        return lines
    }

    /// What came after the last line end, if anything: a peer that ended its side without one said it all the same.
    mutating func finish() -> Line? {
        pending.isEmpty && !isTooLong ? nil : takeLine()
    }

    private mutating func takeLine() -> Line {
        defer {
            pending.removeAll(keepingCapacity: true)
            isTooLong = false
        }
        guard !isTooLong else { return .tooLong }
        // A control character could move the cursor or change the colours of somebody else's terminal.
        let scalars = String(decoding: pending, as: UTF8.self).unicodeScalars.filter { scalar in
            scalar.properties.generalCategory != .control
        }
        return .text(String(String.UnicodeScalarView(scalars)))
    }
}
