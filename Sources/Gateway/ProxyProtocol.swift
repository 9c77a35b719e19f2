import NIOCore

/// The header that tells a backend who its client is (HAProxy's PROXY protocol, sections 2.1 and 2.2).
package enum ProxyProtocol: Int, Sendable {
    /// One line of text.
    case version1 = 1
    /// Binary.
    case version2 = 2

    /// - Parameters:
    ///   - source: the client.
    ///   - destination: what the client connected to.
    /// - Returns: the first bytes of the connection. Without two IP addresses the header says that it knows nothing.
    func header(from source: SocketAddress?, to destination: SocketAddress?) -> ByteBuffer {
        var header = ByteBuffer()
        var from = source?.ipBytes ?? []
        var to = destination?.ipBytes ?? []
        // One header has one family (section 2.2): an IPv4 address goes into IPv6 as a mapped one.
        if from.count != to.count, !from.isEmpty, !to.isEmpty {
            from = Self.mapped(from)
            to = Self.mapped(to)
        }
        let isKnown = !from.isEmpty && !to.isEmpty
        let ports = [source?.port ?? 0, destination?.port ?? 0].map { UInt16(clamping: $0) }
        switch self {
        case .version1 where isKnown:
            let family = from.count == 4 ? "TCP4" : "TCP6"
            header.writeString("PROXY \(family) \(Self.text(from)) \(Self.text(to)) \(ports[0]) \(ports[1])\r\n")
        case .version1:
            header.writeString("PROXY UNKNOWN\r\n")
        case .version2:
            header.writeString("\r\n\r\n\u{0}\r\nQUIT\n")
            // Version 2, PROXY; or LOCAL, for which the receiver uses the connection's own addresses.
            header.writeInteger(UInt8(isKnown ? 0x21 : 0x20))
            header.writeInteger(UInt8(isKnown ? (from.count == 4 ? 0x11 : 0x21) : 0x00))
            header.writeInteger(isKnown ? UInt16(2 * from.count + 4) : 0)
            if isKnown {
                header.writeBytes(from + to)
                header.writeInteger(ports[0])
                header.writeInteger(ports[1])
            }
        }
        return header
    }

    private static func mapped(_ address: [UInt8]) -> [UInt8] {
        address.count == 4 ? [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + address : address
    }

    private static func text(_ address: [UInt8]) -> String {
        if address.count == 4 { return address.map(String.init).joined(separator: ".") }
        return stride(from: 0, to: 16, by: 2)
            .map { String(UInt16(address[$0]) << 8 | UInt16(address[$0 + 1]), radix: 16) }.joined(separator: ":")
    }
}
