import NIOCore

/// An IP address without a port. An IPv4 address is kept as the IPv6 address that stands for it (RFC 4291 section
/// 2.5.5.2), so that a client is the same on an IPv4 and on a dual-stack listener.
package struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// The first eight bytes: of an IPv6 address, the network.
    let high: UInt64
    let low: UInt64

    private static let mappedPrefix: UInt64 = 0xFFFF_0000_0000

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// - Parameter bytes: in network order; nil where these are not 4 or 16.
    package init?(bytes: [UInt8]) {
        func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        switch bytes.count {
        case 4: self.init(high: 0, low: Self.mappedPrefix | integer(bytes[...]))
        case 16: self.init(high: integer(bytes[..<8]), low: integer(bytes[8...]))
        default: return nil
        }
    }

    /// nil for a Unix socket.
    package init?(_ address: SocketAddress?) {
        self.init(bytes: address?.ipBytes ?? [])
    }

    /// nil for what is no IPv4 or IPv6 address; a zone (`%eth0`) has no meaning on another machine.
    package init?(_ text: some StringProtocol) {
        guard !text.contains("%") else { return nil }
        self.init(try? SocketAddress(ipAddress: String(text), port: 0))
    }

    /// Whether it is an IPv4 address.
    package var isIPv4: Bool { high == 0 && low >> 32 == Self.mappedPrefix >> 32 }

    /// In network order: 4 bytes for IPv4, 16 for IPv6.
    package var bytes: [UInt8] {
        let all = [high, low].flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * $0)) } }
        return isIPv4 ? Array(all.suffix(4)) : all
    }

    /// What counts as one client: an IPv4 address, or an IPv6 /64, which is what one customer of a provider gets.
    var client: IPAddress { isIPv4 ? self : IPAddress(high: high, low: 0) }

    /// As RFC 5952 has it.
    package var description: String { socketAddress(port: 0)?.ipAddress ?? "?" }

    /// - Parameter port: 0…65535.
    func socketAddress(port: Int) -> SocketAddress? {
        try? SocketAddress(packedIPAddress: ByteBuffer(bytes: bytes), port: port)
    }
}

/// A range of IP addresses (RFC 4632, RFC 4291 section 2.3).
package struct IPNetwork: Sendable, Hashable {
    private let address: IPAddress
    private let highMask: UInt64
    private let lowMask: UInt64

    /// - Parameters:
    ///   - address: any of the network's.
    ///   - prefix: how many bits at its start all have: 0…32 or 0…128.
    package init(_ address: IPAddress, prefix: Int) {
        self.address = address
        let bits = address.isIPv4 ? 96 + prefix : prefix
        // A shift by all bits gives 0.
        highMask = UInt64.max << UInt64(64 - min(64, max(0, bits)))
        lowMask = UInt64.max << UInt64(64 - min(64, max(0, bits - 64)))
    }

    func contains(_ other: IPAddress) -> Bool {
        address.isIPv4 == other.isIPv4 && (address.high ^ other.high) & highMask == 0
            && (address.low ^ other.low) & lowMask == 0
    }
}

extension SocketAddress {
    /// The IP address in network order: 4 or 16 bytes; none for a Unix socket.
    var ipBytes: [UInt8] {
        switch self {
        case .v4(let address): withUnsafeBytes(of: address.address.sin_addr) { Array($0) }
        case .v6(let address): withUnsafeBytes(of: address.address.sin6_addr) { Array($0) }
        case .unixDomainSocket: []
        }
    }
}
