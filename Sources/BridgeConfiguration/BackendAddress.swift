/// What stands behind a tunnel: a TCP address, with TLS or without, or a Unix socket.
package struct BackendAddress: Sendable, Hashable, CustomStringConvertible {
    /// How the backend is spoken to.
    package enum Transport: String, Sendable {
        case tcp, tls, unix
    }

    /// How the backend is spoken to.
    package let transport: Transport
    /// A host name, an IPv4 address or an IPv6 address without brackets; its first label may hold `{name}`. The
    /// absolute path of the socket for `unix`.
    package let host: String
    /// 1…65535 in digits, or one `{name}`; empty for `unix`.
    package let port: String

    /// The names of the route's parameters that the address takes.
    package var parameters: Set<String> {
        Set((Self.parameters(in: host) ?? []) + (Self.parameters(in: port) ?? []))
    }

    /// As it is written in config.json: `tcp://127.0.0.1:7007`, `tls://[::1]:7007`, `unix:///run/x`.
    package var description: String {
        if transport == .unix { return "unix://\(host)" }
        return "\(transport.rawValue)://\(Authority.bracketed(host)):\(port)"
    }

    static func list(reading field: Field) -> [BackendAddress] {
        if case .array = field.node.value {
            let items = field.list() ?? []
            if items.isEmpty { field.fail("is empty", hint: "name at least one \"tcp://host:port\"") }
            return items.compactMap { $0.parsed(BackendAddress.init(parsing:), example: "\"tcp://127.0.0.1:7007\"") }
        }
        return [field.parsed(BackendAddress.init(parsing:), example: "\"tcp://127.0.0.1:7007\" or a list of such")]
            .compactMap(\.self)
    }

    init(parsing text: String) throws(Mistake) {
        let parts = text.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else {
            throw Mistake("expected an address such as \"tcp://127.0.0.1:7007\", found \(quoted(text))")
        }
        guard let transport = Transport(rawValue: parts[0].lowercased()) else {
            throw Mistake(
                "\(quoted("\(parts[0])://")) is not an address pushbridge knows",
                hint: "write tcp://host:port, tls://host:port or unix:///path"
            )
        }
        self.transport = transport
        let rest = parts[1]
        if transport == .unix {
            guard rest.hasPrefix("/"), !rest.contains("\0") else {
                throw Mistake("a Unix socket is named by its absolute path", hint: "as in unix:///run/service.socket")
            }
            // sockaddr_un has room for 108 bytes with the NUL at the end.
            guard rest.utf8.count <= 107 else { throw Mistake("the path of a Unix socket has at most 107 bytes") }
            guard !rest.contains("{") else { throw Mistake("parameters cannot be in the path of a Unix socket") }
            host = rest
            port = ""
            return
        }
        if let end = rest.firstIndex(where: { "/?#@".contains($0) }) {
            throw Mistake("an address is a host and a port", hint: "leave out \(quoted(String(rest[end])))")
        }
        guard rest.contains("{") || rest.contains("}") else {
            let authority = try Authority(parsing: rest, portRequired: true)
            guard let port = authority.port else { throw Mistake("the port is missing") }
            host = authority.host
            self.port = String(port)
            return
        }
        (host, port) = try Self.template(rest)
    }

    /// The bounds of what a client may choose: the first label of the host, and the port.
    private static func template(_ text: String) throws(Mistake) -> (host: String, port: String) {
        guard let colon = text.lastIndex(of: ":") else {
            throw Mistake("the port is missing", hint: "as in \(text):7007")
        }
        let host = String(text[..<colon])
        let port = String(text[text.index(after: colon)...])
        guard let inHost = parameters(in: host), let inPort = parameters(in: port) else {
            throw Mistake("braces stand around a parameter's name", hint: "as in {name}")
        }
        let dot = host.firstIndex(of: ".") ?? host.endIndex
        guard !host[dot...].contains("{") else {
            throw Mistake("a parameter may be in the host's first label only", hint: "as in {name}.example.com")
        }
        if !inPort.isEmpty, port != "{\(inPort[0])}" {
            throw Mistake("a parameter is the whole port, or none of it")
        }
        // Checked with a letter and a digit in the place of the parameters.
        var sample = host
        for name in inHost { sample = sample.replacing("{\(name)}", with: "a") }
        _ = try Authority(parsing: "\(sample):\(inPort.isEmpty ? port : "1")", portRequired: true)
        return (host, port)
    }

    /// nil where a brace has no partner or stands around no name.
    private static func parameters(in text: String) -> [String]? {
        var names: [String] = []
        var rest = text[...]
        while let start = rest.firstIndex(where: { "{}".contains($0) }) {
            guard rest[start] == "{", let end = rest[start...].firstIndex(of: "}") else { return nil }
            let name = rest[rest.index(after: start)..<end]
            guard ASCII.isName(name) else { return nil }
            names.append(String(name))
            rest = rest[rest.index(after: end)...]
        }
        return names
    }
}
