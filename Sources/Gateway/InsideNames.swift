/// The names by which something may be asked that asks nobody for credentials: addresses, and names that lead to the
/// outside world's machines nowhere.
///
/// Any other name may be one that the owner of a hostile page points here ("DNS rebinding"): to the visitor's browser the
/// page and what stands here are then of one origin, and the page may read all of it. An attacker can only do so with a
/// name that the public DNS answers for.
struct InsideNames: Sendable, Equatable {
    /// In lower case: a name that the operator chose.
    let own: String

    /// Top-level names that the public DNS does not answer for: RFC 6761, RFC 6762, RFC 8375, and ICANN's resolution
    /// 2024.07.29.06 for `internal`. `lan` is what many routers say, and was never delegated.
    private static let reserved = ["localhost", "local", "internal", "lan", "home.arpa"]

    /// - Parameter own: the name that the listener was configured with; an address needs no mention.
    init(own: String) {
        self.own = own.lowercased()
    }

    /// - Parameter host: the `Host` header: a name or an address, and perhaps a port. nil, as HTTP/1.0 has it, comes from
    ///   no browser.
    func contains(host: String?) -> Bool {
        guard let host else { return true }
        if host.hasPrefix("[") { return true }
        var name = host.prefix { $0 != ":" }.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        // One label is a name of the machine's own network.
        if !name.contains(".") || name == own || IPAddress(name)?.isIPv4 == true { return true }
        return Self.reserved.contains { name.hasSuffix("." + $0) }
    }
}
