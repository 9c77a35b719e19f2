import NIOCore
import NIOHTTP1

/// Who a request comes from.
struct ClientAddress: Sendable, Hashable {
    /// nil on a Unix socket.
    let ip: IPAddress?
    /// 0 where a proxy did not tell it.
    let port: Int

    init(ip: IPAddress?, port: Int) {
        self.ip = ip
        self.port = port
    }

    /// The other end of a connection.
    init(_ peer: SocketAddress?) {
        self.init(ip: IPAddress(peer), port: peer?.port ?? 0)
    }

    /// For logs and operators.
    var text: String? { ip?.description }

    var socketAddress: SocketAddress? { ip?.socketAddress(port: port) }
}

/// The proxies before the bridge whose word about a client counts.
package struct TrustedProxies: Sendable {
    private let networks: [IPNetwork]

    package init(_ networks: [IPNetwork] = []) {
        self.networks = networks
    }

    func contains(_ address: IPAddress?) -> Bool {
        address.map { address in networks.contains { $0.contains(address) } } ?? false
    }

    /// Who sent a request, in the words of the trusted proxies that it came through: the last address in
    /// `X-Forwarded-For` or `Forwarded` (RFC 7239) that is not one of theirs. What stands before it was written by the
    /// client, or by someone whom nobody vouches for.
    ///
    /// Where the request has both headers and they name different addresses, one of them came from the client and went through a proxy
    /// that writes the other; neither is believed then.
    func client(of headers: HTTPHeaders, from peer: ClientAddress) -> ClientAddress {
        guard contains(peer.ip) else { return peer }
        let chains = [Self.xForwardedFor(headers), Self.forwarded(headers)].filter { !$0.isEmpty }
        let clients = chains.map { client(in: $0, from: peer) }
        guard let ip = clients.first?.ip, clients.allSatisfy({ $0.ip == ip }) else { return peer }
        // Most proxies write the port in one of the headers alone.
        let ports = Set(clients.map(\.port)).subtracting([0])
        return ClientAddress(ip: ip, port: ports.count == 1 ? ports.first ?? 0 : 0)
    }

    private func client(in chain: [ClientAddress?], from peer: ClientAddress) -> ClientAddress {
        var client = peer
        // Each proxy adds its peer at the end.
        for hop in chain.reversed() {
            guard let hop else { break }
            client = hop
            if !contains(hop.ip) { break }
        }
        return client
    }

    /// nil for each hop that is no address, such as `unknown`.
    private static func xForwardedFor(_ headers: HTTPHeaders) -> [ClientAddress?] {
        headers["X-Forwarded-For"].flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
            .map { ClientAddress(hop: $0.trimmed) }
    }

    private static func forwarded(_ headers: HTTPHeaders) -> [ClientAddress?] {
        headers["Forwarded"].flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }
            .map { element in
                let pair = element.split(separator: ";").lazy.map(\.trimmed).first { $0.lowercased().hasPrefix("for=") }
                return pair.flatMap { pair in
                    let value = pair.dropFirst("for=".count)
                    let isQuoted = value.count >= 2 && value.first == "\"" && value.last == "\""
                    return ClientAddress(hop: isQuoted ? value.dropFirst().dropLast() : value)
                }
            }
    }
}

extension ClientAddress {
    /// One hop as proxies write it: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
    fileprivate init?(hop: Substring) {
        var host = hop
        var port = 0
        if hop.first == "[" {
            guard let end = hop.firstIndex(of: "]") else { return nil }
            host = hop[..<end].dropFirst()
            let rest = hop[hop.index(after: end)...]
            guard rest.isEmpty || rest.first == ":" else { return nil }
            port = Int(rest.dropFirst()) ?? 0
        } else if let colon = hop.firstIndex(of: ":"), hop.lastIndex(of: ":") == colon {
            host = hop[..<colon]
            port = Int(hop[hop.index(after: colon)...]) ?? 0
        }
        guard let ip = IPAddress(host) else { return nil }
        self.init(ip: ip, port: (0...65535).contains(port) ? port : 0)
    }
}

extension Substring {
    /// Without white space at both ends.
    fileprivate var trimmed: Substring {
        var rest = self
        while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        return rest
    }
}
