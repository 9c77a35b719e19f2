extension JSONDocument {
    /// Equality of what two texts mean, as RFC 6902 section 4.6 wants it for `test`: numbers numerically, strings by
    /// their characters, members in any order.
    package func means(_ other: JSONDocument) -> Bool {
        if bytes == other.bytes { return true }
        return withView { first in
            other.withView { second in
                MeaningComparison(first: first, second: second, names: DecodedNames()).areEqual(0, 0)
            }
        }
    }
}

private struct MeaningComparison {
    let first: JSONView
    let second: JSONView
    let names: DecodedNames

    func areEqual(_ a: Int, _ b: Int) -> Bool {
        if first.text(a) == second.text(b) { return true }
        switch (first.nodes[a].kind, second.nodes[b].kind) {
        case (.number, .number):
            return DecimalNumber(first.text(a).bytes) == DecimalNumber(second.text(b).bytes)
        case (.string, .string):
            return JSONString.decode(first.rawString(a).bytes).bytes
                == JSONString.decode(second.rawString(b).bytes).bytes
        case (.array, .array):
            let items = first.children(a)
            let others = second.children(b)
            return items.count == others.count && zip(items, others).allSatisfy { areEqual($0, $1) }
        case (.object, .object):
            // A repeated name has no meaning that could be compared (RFC 8259 section 4).
            guard let members = MemberNames(a, in: first, decodedNames: names),
                let others = MemberNames(b, in: second, decodedNames: names),
                members.members.count == others.members.count
            else { return false }
            return zip(members.names, members.members).allSatisfy { name, member in
                others.place(name).map { areEqual(member, others.members[$0]) } ?? false
            }
        default: return false
        }
    }
}

/// A JSON number as sign, significant digits and power of ten: 1.10, 11e-1 and 1.1 are one number, whatever their size.
struct DecimalNumber: Equatable {
    private var isNegative = false
    /// Without zeros at either end; empty for zero, which then has neither sign nor exponent.
    private var digits: [UInt8] = []
    private var exponent = 0

    /// Reads a number that the scanner has accepted.
    init(_ text: UnsafeBufferPointer<UInt8>) {
        var at = 0
        if text[at] == UInt8(ascii: "-") {
            isNegative = true
            at += 1
        }
        var isFraction = false
        while at < text.count, text[at] | 0x20 != UInt8(ascii: "e") {
            if text[at] == UInt8(ascii: ".") {
                isFraction = true
            } else {
                digits.append(text[at])
                if isFraction { exponent -= 1 }
            }
            at += 1
        }
        if at < text.count { exponent += Self.exponent(text[(at + 1)...]) }
        while digits.last == UInt8(ascii: "0") {
            digits.removeLast()
            exponent += 1
        }
        digits.removeFirst(digits.prefix { $0 == UInt8(ascii: "0") }.count)
        if digits.isEmpty {
            isNegative = false
            exponent = 0
        }
    }

    /// Stops growing at about 10^17: no two numbers that fit into memory differ by such an exponent only.
    private static func exponent(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Int {
        var value = 0
        for byte in text where byte &- UInt8(ascii: "0") <= 9 {
            if value < 10_000_000_000_000_000 { value = value * 10 + Int(byte - UInt8(ascii: "0")) }
        }
        return text.first == UInt8(ascii: "-") ? -value : value
    }
}
