import NIOCore

/// Where an address that a client chose a part of may lead.
package struct TunnelAllowance: Sendable, Hashable {
    package enum Place: Sendable, Hashable {
        /// In lower case; `*.` at the start stands for any one label.
        case name(String)
        /// Addresses whose first `prefix` bits are those of the network's 4 or 16 bytes.
        case network([UInt8], prefix: Int)
    }

    private let place: Place
    private let ports: ClosedRange<Int>

    package init(_ place: Place, ports: ClosedRange<Int>) {
        self.place = place
        self.ports = ports
    }

    /// - Parameters:
    ///   - host: the name that was looked up.
    ///   - address: what it was resolved to; 4 or 16 bytes.
    func allows(host: String, address: [UInt8], port: Int) -> Bool {
        guard ports.contains(port) else { return false }
        switch place {
        case .name(let name):
            let host = host.lowercased()
            guard name.hasPrefix("*.") else { return host == name }
            guard let dot = host.firstIndex(of: ".") else { return false }
            return host[dot...] == name.dropFirst()
        case .network(let network, let prefix):
            let address = Self.unmapped(address)
            guard address.count == network.count else { return false }
            let whole = prefix / 8
            guard address[..<whole] == network[..<whole] else { return false }
            let mask = UInt8(truncatingIfNeeded: 0xFF00 >> (prefix % 8))
            return prefix % 8 == 0 || (address[whole] ^ network[whole]) & mask == 0
        }
    }

    /// `::ffff:10.0.0.1` reaches 10.0.0.1 (RFC 4291 section 2.5.5.2), and is judged as such.
    private static func unmapped(_ address: [UInt8]) -> [UInt8] {
        let prefix = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF]
        return address.count == 16 && address.starts(with: prefix) ? Array(address[12...]) : address
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
