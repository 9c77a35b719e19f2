/// One entry of a tunnel's `allow`: `host-or-CIDR:ports`.
package struct AllowedBackend: Sendable, Hashable, CustomStringConvertible {
    /// Where a client may be taken.
    package enum Place: Sendable, Hashable {
        /// This name, in lower case; `*.` at its start stands for any one label.
        case name(String)
        case network(AddressRange)
    }

    /// Where a client may be taken.
    package let place: Place
    /// Which ports there. Within 1…65535.
    package let ports: ClosedRange<Int>
    /// As it was written.
    package let description: String

    init(parsing text: String) throws(Mistake) {
        let example = "as in \"10.0.0.0/8:5900-5999\", \"[fd00::]/8:22\" or \"db.example:5432\""
        guard let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") else {
            throw Mistake("the ports are missing", hint: example)
        }
        ports = try Self.ports(text[text.index(after: colon)...])
        description = text
        let place = text[..<colon].replacing("[", with: "").replacing("]", with: "")
        let halves = place.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        if let bytes = AddressRange.address(halves[0]) {
            let prefix = halves.count == 1 ? nil : halves[1]
            self.place = .network(try AddressRange(bytes, prefix: prefix, example: example))
            return
        }
        guard halves.count == 1 else {
            throw Mistake("\(quoted(String(halves[0]))) is not an IP address", hint: example)
        }
        let name = String(place).lowercased()
        _ = try Authority.host(name.hasPrefix("*.") ? String(name.dropFirst(2)) : name)
        self.place = .name(name)
    }

    private static func ports(_ text: Substring) throws(Mistake) -> ClosedRange<Int> {
        if text == "*" { return 1...65535 }
        let numbers = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard let first = numbers.first, let last = numbers.last, numbers.count <= 2, (1...65535).contains(first),
            (first...65535).contains(last)
        else { throw Mistake("\(quoted(String(text))) is not a port, a range such as 5900-5999, or *") }
        return first...last
    }
}
