/// What stands behind a tunnel, as it is configured: its host and port may hold parameters of the route.
package struct TunnelBackend: Sendable, Hashable, CustomStringConvertible {
    /// Where it is.
    package enum Place: Sendable, Hashable {
        /// `{name}` in host or port takes the route's parameter.
        case host(String, port: String)
        /// The absolute path of a Unix socket.
        case unix(String)
    }

    /// Where it is.
    package let place: Place
    /// Whether TLS is spoken with it.
    package let usesTLS: Bool

    /// - Parameters:
    ///   - place: where it is.
    ///   - usesTLS: not with a Unix socket.
    package init(_ place: Place, usesTLS: Bool = false) {
        self.place = place
        self.usesTLS = usesTLS
    }

    package var description: String {
        switch place {
        case .unix(let path): "unix://\(path)"
        case .host(let host, let port):
            "\(usesTLS ? "tls" : "tcp")://\(host.bracketedHost):\(port)"
        }
    }

    /// The backend of one connection; nil where a parameter is missing or can be no part of an address.
    func destination(_ parameters: [String: String]) -> TunnelDestination? {
        guard case .host(let host, let port) = place else {
            return TunnelDestination(backend: self, host: "", port: 0, isChosenByClient: false)
        }
        var name = host
        var number = port
        for (key, value) in parameters where host.contains("{\(key)}") || port.contains("{\(key)}") {
            // One label of a name (RFC 1123 section 2.1), so that a value can't reach beyond its place.
            guard (1...63).contains(value.utf8.count), value.utf8.allSatisfy(Self.isLabelByte), value.first != "-",
                value.last != "-"
            else { return nil }
            name.replace("{\(key)}", with: value)
            number.replace("{\(key)}", with: value)
        }
        guard !name.contains("{"), number.utf8.count <= 5, number.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = Int(number), (1...65535).contains(port)
        else { return nil }
        return TunnelDestination(backend: self, host: name, port: port, isChosenByClient: hasParameters)
    }

    /// Whether clients choose a part of the address.
    package var hasParameters: Bool {
        guard case .host(let host, let port) = place else { return false }
        return host.contains("{") || port.contains("{")
    }

    private static func isLabelByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
        default: false
        }
    }
}

/// The backend of one connection, with the client's parameters filled in.
struct TunnelDestination: Sendable {
    let backend: TunnelBackend
    /// Empty for a Unix socket.
    let host: String
    let port: Int
    /// The address has to be checked against the route's allowances.
    let isChosenByClient: Bool
}
