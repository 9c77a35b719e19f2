/// Who a client is, as far as its route asked.
package struct ClientIdentity: Sendable, Hashable {
    /// The name for logs and operators; nil where the route asks for none, or the credentials name nobody.
    package let user: String?
    /// When the credentials end, in milliseconds of Unix time: a connection lasts no longer. nil: they do not end.
    package let expiresAt: Int64?

    package init(user: String?, expiresAt: Int64? = nil) {
        self.user = user
        self.expiresAt = expiresAt
    }

    /// Anybody.
    package static let anonymous = ClientIdentity(user: nil)
}
