/// What came of reading the configuration again.
package enum ReloadOutcome: Sendable {
    /// The new routes and certificates are in force.
    case done(ReloadReport)
    /// Nothing has changed; each error says where and why.
    case refused(errors: [String])
}

/// How a new configuration differs from the one before: the answer of `POST /reload`.
package struct ReloadReport: Sendable, Encodable {
    /// Paths of new routes.
    package var added: [String]
    /// Paths whose connections were told to come back (close code 1001).
    package var changed: [String]
    /// Paths of routes that went.
    package var removed: [String]
    /// Routes whose connections and topics live on.
    package var kept: Int
    /// URLs of listeners that are new, with their real ports.
    package var opened: [String] = []
    /// URLs of listeners that take no more connections; those that they took live on.
    package var closed: [String] = []
    /// Keys at the top of the configuration that differ from what the process was started with: they wait for a restart.
    package var needRestart: [String]

    package init(added: [String], changed: [String], removed: [String], kept: Int, needRestart: [String]) {
        self.added = added
        self.changed = changed
        self.removed = removed
        self.kept = kept
        self.needRestart = needRestart
    }
}

/// The answer where the configuration is wrong (RFC 9457, with all errors as a member of its own).
struct ReloadProblem: Encodable {
    let type = "about:blank"
    let title = "Unprocessable Content"
    let status = 422
    let detail = "the configuration was not reloaded, and nothing has changed"
    let errors: [String]
}
