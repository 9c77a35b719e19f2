extension String {
    /// A host as it stands before a port: an IPv6 address in brackets (RFC 3986 section 3.2.2).
    var bracketedHost: String { contains(":") ? "[\(self)]" : self }
}
