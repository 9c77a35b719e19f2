import Foundation

/// A range of IP addresses such as `10.0.0.0/8` or `fd00::/8` (RFC 4632, RFC 4291 section 2.3); an address alone is a
/// range of one.
package struct AddressRange: Sendable, Hashable, CustomStringConvertible {
    /// An address in network order: 4 or 16 bytes, never an IPv4 address that is mapped to IPv6.
    package let bytes: [UInt8]
    /// How many bits at its start all addresses of the range have: 0…32 or 0…128.
    package let prefix: Int

    /// `10.0.0.0/8`.
    package var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count))
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) + "/\(prefix)"
    }

    init(parsing text: String) throws(Mistake) {
        let example = "as in \"10.0.0.0/8\", \"192.0.2.7\" or \"fd00::/8\""
        let halves = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let bytes = Self.address(halves[0]) else {
            throw Mistake("\(quoted(String(halves[0]))) is not an IP address", hint: example)
        }
        try self.init(bytes, prefix: halves.count == 1 ? nil : halves[1], example: example)
    }

    /// - Parameters:
    ///   - bytes: 4 or 16.
    ///   - prefix: what stands behind the slash; nil where there is none.
    ///   - example: how it is written, for the error.
    init(_ bytes: [UInt8], prefix: Substring?, example: String) throws(Mistake) {
        let all = bytes.count * 8
        guard let prefix = prefix.map({ Int($0) }) ?? all, (0...all).contains(prefix) else {
            throw Mistake("the part behind \"/\" is not a number from 0 to \(all)", hint: example)
        }
        // RFC 4291 section 2.5.5.2.
        let isMapped = bytes.count == 16 && bytes.starts(with: [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF])
        if isMapped, prefix < 96 {
            throw Mistake("a range of IPv4 addresses is written as such", hint: example)
        }
        self.bytes = isMapped ? Array(bytes[12...]) : bytes
        self.prefix = isMapped ? prefix - 96 : prefix
    }

    /// The bytes of an IP address: 4 or 16.
    static func address(_ text: Substring) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, String(text), &bytes) == 1 { return Array(bytes[..<4]) }
        return inet_pton(AF_INET6, String(text), &bytes) == 1 ? bytes : nil
    }
}
