import Foundation

/// One entry of a tunnel's `allow`: `host-or-CIDR:ports`.
package struct AllowedBackend: Sendable, Hashable, CustomStringConvertible {
    /// Where a client may be taken.
    package enum Place: Sendable, Hashable {
        /// This name, in lower case; `*.` at its start stands for any one label.
        case name(String)
        /// Addresses whose first `prefix` bits are those of `network`: 4 or 16 bytes.
        case network([UInt8], prefix: Int)
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
        if let bytes = Self.address(String(halves[0])) {
            let all = bytes.count * 8
            guard let prefix = halves.count == 1 ? all : Int(halves[1]), (0...all).contains(prefix) else {
                throw Mistake("the part behind \"/\" is not a number from 0 to \(all)", hint: example)
            }
            self.place = .network(bytes, prefix: prefix)
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

    private static func address(_ text: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 { return Array(bytes[..<4]) }
        return inet_pton(AF_INET6, text, &bytes) == 1 ? bytes : nil
    }
}
