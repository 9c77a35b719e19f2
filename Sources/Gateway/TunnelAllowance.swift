import NIOCore

/// Where an address that a client chose a part of may lead.
package struct TunnelAllowance: Sendable, Hashable {
    /// What is allowed.
    package enum Place: Sendable, Hashable {
        /// In lower case; `*.` at the start stands for any one label.
        case name(String)
        /// Any address of it.
        case network(IPNetwork)
    }

    private let place: Place
    private let ports: ClosedRange<Int>

    /// - Parameters:
    ///   - place: what is allowed.
    ///   - ports: on which ports, within 1...65535.
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
        case .network(let network):
            // `::ffff:10.0.0.1` reaches 10.0.0.1, and is judged as such.
            return IPAddress(bytes: address).map(network.contains) ?? false
        }
    }
}
