import Foundation
import NIOCore

/// The HTTP proxy that a URL is reached through.
struct ProxyChoice: Equatable {
    let host: String
    let port: Int
    /// The value of `Proxy-Authorization`.
    let authorization: String?

    var address: String { "\(ClientURL.bracketed(host)):\(port)" }

    init(_ text: String) throws(ClientConnectionError) {
        let text = text.contains("://") ? text : "http://\(text)"
        guard text.lowercased().hasPrefix("http://") else {
            throw .proxy(address: text, reason: "only http:// proxies are spoken to")
        }
        let url = try ClientURL(text)
        host = url.host
        port = url.port
        authorization = url.credentials.map { "Basic \(Data($0.utf8).base64EncodedString())" }
    }

    /// What went wrong with it.
    func failure(_ error: any Error) -> ClientConnectionError {
        let hasEnded = (error as? ChannelError) == .eof
        return .proxy(address: address, reason: hasEnded ? "it ended the connection" : "\(error)")
    }

    /// What the environment says; nil: connect directly.
    static func environment(_ variables: [String: String], for url: ClientURL) throws(ClientConnectionError)
        -> ProxyChoice?
    {
        func variable(_ name: String) -> String? {
            [name.lowercased(), name].compactMap { variables[$0] }.first { !$0.isEmpty }
        }
        guard let proxy = variable(url.isSecure ? "HTTPS_PROXY" : "HTTP_PROXY") ?? variable("ALL_PROXY"),
            !isExempt(url, noProxy: variable("NO_PROXY") ?? "")
        else { return nil }
        return try ProxyChoice(proxy)
    }

    /// Loopback is never reached through a proxy: "localhost" would be the proxy's own.
    private static func isExempt(_ url: ClientURL, noProxy: String) -> Bool {
        let host = url.host.lowercased()
        if host == "localhost" || host == "::1" || host.hasPrefix("127.") { return true }
        return noProxy.lowercased().split(whereSeparator: { ", ".contains($0) }).contains { entry in
            if entry == "*" { return true }
            var name = entry
            if entry.filter({ $0 == ":" }).count == 1, let colon = entry.firstIndex(of: ":") {
                guard entry[entry.index(after: colon)...] == String(url.port) else { return false }
                name = entry[..<colon]
            }
            while name.hasPrefix(".") || name.hasPrefix("*.") { name = name.dropFirst(name.hasPrefix(".") ? 1 : 2) }
            return !name.isEmpty && (host == name || host.hasSuffix("." + name))
        }
    }
}
